import { startApp, type TestApp } from './support/app.js';
import { crowd } from './support/people.js';

describe('many requests at once', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  it('are each answered, and each with its own user', async () => {
    const people = await crowd(app, 50);
    const ask = () => Promise.all(people.map(async (person) => (await person.get('/api/auth/me')).body.id));
    const alone: string[] = [];
    for (const person of people) alone.push((await person.get('/api/auth/me')).body.id);
    expect(new Set(alone).size).toBe(50);
    for (let round = 0; round < 3; round++) expect(await ask()).toEqual(alone);
  });

  it('are told apart from those without a valid token', async () => {
    const people = await crowd(app, 20, 'other');
    const strangers = Array.from({ length: 20 }, (_, n) => app.api.as(`not-a-token-${n}`));
    const answers = await Promise.all([...people, ...strangers].map((one) => one.get('/api/auth/me')));
    expect(answers.map(({ status }) => status)).toEqual([...people.map(() => 200), ...strangers.map(() => 401)]);
  });
});
