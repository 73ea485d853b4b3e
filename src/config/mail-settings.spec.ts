import { EnvironmentReader } from './environment.js';
import { readMail } from './mail-settings.js';

const read = (env: Record<string, string>, production = true) => {
  const reader = new EnvironmentReader(env);
  return { mail: readMail(reader, production), problems: reader.problems };
};
const COMPLETE = { MAIL_FROM: 'UserHub <no-reply@example.com>', APP_URL: 'https://app.example.com/' };
const smtpOf = (env: Record<string, string>) => read({ ...COMPLETE, ...env }).mail.smtp;

describe('the settings of mail', () => {
  it('without any: none in production, the mailbox elsewhere', () => {
    expect(read({})).toMatchObject({ mail: { smtp: undefined, mailbox: false }, problems: [] });
    expect(read({}, false)).toMatchObject({
      mail: {
        smtp: undefined,
        mailbox: true,
        appUrl: undefined,
        from: { name: 'UserHub', address: 'no-reply@localhost' },
      },
      problems: [],
    });
  });

  it.each([
    ['smtp://mail.example.com', { host: 'mail.example.com', port: 587, security: 'starttls', user: undefined }],
    ['smtp://mail.example.com:2525', { port: 2525, security: 'starttls' }],
    ['smtps://mail.example.com', { port: 465, security: 'tls' }],
    ['smtp://mail.example.com:465', { port: 465, security: 'tls' }],
    ['smtp://a%40b:p%2Fw%3Ad@mail.example.com', { user: 'a@b', password: 'p/w:d' }],
    ['smtp://[::1]:25', { host: '::1', port: 25 }],
  ])('MAIL_URL=%s', (url, smtp) => {
    expect(smtpOf({ MAIL_URL: url })).toMatchObject(smtp);
  });

  it('in parts', () => {
    const parts = { SMTP_HOST: 'mail.example.com', SMTP_USER: 'ada', SMTP_PASSWORD: 'secret' };
    expect(smtpOf(parts)).toEqual({
      host: 'mail.example.com',
      port: 587,
      user: 'ada',
      password: 'secret',
      security: 'starttls',
    });
    expect(smtpOf({ ...parts, SMTP_PORT: '465' })?.security).toBe('tls');
    expect(smtpOf({ ...parts, SMTP_SECURE: 'none' })?.security).toBe('none');
    expect(read({ ...COMPLETE, SMTP_HOST: 'mail.example.com', SMTP_USER: 'ada' }).problems).toEqual([
      'SMTP_USER and SMTP_PASSWORD must be set together.',
    ]);
  });

  it('SMTP_SECURE holds beside MAIL_URL too', () => {
    expect(smtpOf({ MAIL_URL: 'smtp://localhost:1025', SMTP_SECURE: 'none' })?.security).toBe('none');
    expect(smtpOf({ MAIL_URL: 'smtp://localhost:1025', SMTP_SECURE: 'tls' })?.security).toBe('tls');
  });

  it.each([true, false])('a relay needs a sender and a front end (production: %s)', (production) => {
    expect(read({ MAIL_URL: 'smtp://localhost' }, production).problems).toEqual([
      expect.stringMatching(/^APP_URL must be set/),
      expect.stringMatching(/^MAIL_FROM must be set/),
    ]);
  });

  it('says of an APP_URL that won’t do what is wrong with it, and nothing else', () => {
    const env = { ...COMPLETE, MAIL_URL: 'smtp://mail.example.com', APP_URL: 'http://app.example.com' };
    expect(read(env, true).problems).toEqual([expect.stringMatching(/^APP_URL must begin with https/)]);
  });

  it('APP_URL is https in production, and has neither query nor password nor slash at its end', () => {
    const problemsOf = (url: string, production = true) => read({ APP_URL: url }, production).problems;
    expect(problemsOf('http://app.example.com')).toEqual([expect.stringContaining('https://')]);
    expect(problemsOf('http://app.example.com', false)).toEqual([]);
    for (const url of [
      'app.example.com',
      'ftp://a.example',
      'https://a:b@c.example',
      'https://a.example/?x',
      'https://a.example/#x',
    ]) {
      expect(problemsOf(url)).toHaveLength(1);
    }
    expect(read({ APP_URL: 'https://example.com/app/' }).mail.appUrl).toBe('https://example.com/app');
  });

  it.each([
    ['UserHub <no-reply@example.com>', { name: 'UserHub', address: 'no-reply@example.com' }],
    ['"Ada, Inc." <a@example.com>', { name: 'Ada, Inc.', address: 'a@example.com' }],
    ['a@example.com', { name: 'UserHub', address: 'a@example.com' }],
    ['<a@example.com>', { name: 'UserHub', address: 'a@example.com' }],
  ])('MAIL_FROM=%s', (text, from) => {
    expect(read({ MAIL_FROM: text })).toMatchObject({ mail: { from }, problems: [] });
  });

  it.each<Record<string, string>>([
    { MAIL_FROM: 'nobody' },
    { MAIL_FROM: 'a@b@c' },
    { MAIL_FROM: 'A <a@example.com>, B <b@example.com>' },
    { MAIL_REPLY_TO: 'nobody' },
    { MAIL_URL: 'https://mail.example.com', ...COMPLETE },
    { MAIL_URL: 'smtp://mail.example.com?tls.rejectUnauthorized=false', ...COMPLETE },
    { MAIL_URL: 'smtp://%ff@mail.example.com', ...COMPLETE },
    { SMTP_SECURE: 'maybe' },
    { DEFAULT_LOCALE: 'not a language' },
    { MAIL_MAX_PER_MINUTE: '0' },
  ])('%j is refused', (env) => {
    expect(read(env).problems).toHaveLength(1);
  });
});
