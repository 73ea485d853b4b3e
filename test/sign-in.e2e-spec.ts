import { startApp, type TestApp } from './support/app.js';
import { person, type Person } from './support/people.js';

describe('GET /api/auth/me', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await startApp();
    ada = await person(app, 'ada');
  });
  afterAll(() => app.close());

  it('says who is signed in', async () => {
    expect(await ada.api.get('/api/auth/me')).toMatchObject({ status: 200, body: { id: ada.id, email: ada.email } });
  });

  it('refuses who is not', async () => {
    expect(await app.api.get('/api/auth/me')).toFailWith(401, 'not_authenticated');
  });
});
