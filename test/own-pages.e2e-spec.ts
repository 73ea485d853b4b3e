import { startApp, type TestApp } from './support/app.js';
import { mailTo } from './support/mailbox.js';
import { PASSWORD, person } from './support/people.js';

describe('the pages for links, where there is no front end', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());
  beforeEach(() => app.sql('TRUNCATE users, outbox, dev_mails CASCADE'));

  it.each([
    '/verify-email',
    '/reset-password',
    '/confirm-email-change',
    '/revert-email-change',
    '/accept-invitation',
    '/restore-account',
  ])('%s shows a form under a strict policy, and does nothing by GET', async (path) => {
    const answer = await app.api.get(path);
    expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('<form method="post">') as string });
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^;]+; script-src 'sha256-[^;]+; form-action 'self'/); // prettier-ignore
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('do what the link is for, and say what is wrong', async () => {
    await person(app, 'ada');
    const { token, link } = await mailTo(app, 'ada@example.com', 'verify');
    const path = new URL(link).pathname;
    const wrong = await app.api.form(path, { token, password: 'wrong horse', code: '', email: '' });
    expect(wrong).toMatchObject({ status: 403, text: expect.stringContaining('role="alert"') as string });
    expect(await app.api.form(path, { token, password: PASSWORD })).toMatchObject({ status: 200 });
    expect(await app.sql('SELECT id FROM users WHERE email_verified_at IS NOT NULL')).toHaveLength(1);
  });

  it('work by code without a script', async () => {
    await person(app, 'ada');
    await app.api.post('/api/auth/password-reset', { email: 'ada@example.com' });
    const { code } = await mailTo(app, 'ada@example.com', 'reset');
    const form = { email: 'ada@example.com', code, new_password: 'a new horse battery', token: '' };
    expect(await app.api.form('/reset-password', form)).toMatchObject({ status: 200 });
  });

  it('ask twice before "this wasn’t me" deletes anything', async () => {
    await person(app, 'ada');
    const { token } = await mailTo(app, 'ada@example.com', 'verify');
    const first = await app.api.form('/verify-email', { token, action: 'reject' });
    expect(first.text).toContain('value="reject_surely"');
    expect(await app.sql('SELECT id FROM users WHERE deleted_at IS NULL')).toHaveLength(1);
    expect(await app.api.form('/verify-email', { token, action: 'reject_surely' })).toMatchObject({ status: 200 });
    expect(await app.sql('SELECT id FROM users WHERE deleted_at IS NULL')).toEqual([]);
  });

  it('escape what they are sent', async () => {
    const { text } = await app.api.form('/verify-email', { token: '"><script>alert(1)</script>', password: 'horse' });
    expect(text).not.toContain('<script>alert');
  });

  it('are not there where APP_URL names a front end', async () => {
    const elsewhere = await app.replica({ APP_URL: 'https://app.example.com' });
    expect(await elsewhere.api.get('/verify-email')).toFailWith(404, 'not_found');
    expect(await elsewhere.api.form('/verify-email', { token: 'x', password: 'horse' })).toFailWith(404, 'not_found');
    await elsewhere.close();
  });
});
