import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MailKind } from '../src/mail/kinds.js';
import { MailLinks } from '../src/mail/links.js';
import { Mails } from '../src/mail/mails.js';
import { startApp, type TestApp } from './support/app.js';
import { KINDS, sendSample } from './support/mails.js';
import { mailBy, type ReceivedMail, type Relay, startRelay } from './support/relay.js';

const header = ({ raw }: ReceivedMail, name: string) =>
  new RegExp(`^${name}: (.*(?:\\r?\\n[ \\t].*)*)`, 'im')
    .exec(raw.split(/\r?\n\r?\n/)[0] ?? '')?.[1]
    ?.replace(/\r?\n\s+/g, ' ');

describe('mails', () => {
  let relay: Relay;
  let app: TestApp;
  let made = 0;

  beforeAll(async () => {
    relay = await startRelay();
    app = await startApp({ ...mailBy(relay), MAIL_REPLY_TO: 'help@example.com', APP_NAME: 'Analytical & Co' });
  });
  afterAll(async () => {
    await app.close();
    await relay.close();
  });

  const newAddress = () => `reader${++made}@example.com`;
  const sample = async (kind: MailKind, more: object = {}, of = app) => {
    const to = newAddress();
    await sendSample(of.nest.get(Mails), kind, to, more);
    return relay.mailTo(to);
  };

  it.each(KINDS)('%s: says the same as text and as HTML, and who sent it', async (kind) => {
    const { raw, parsed, to } = await sample(kind);
    const html = String(parsed.html);
    expect(raw.indexOf('text/plain')).toBeLessThan(raw.indexOf('text/html'));
    expect(raw.length).toBeLessThan(30_000);
    const plain = html
      .replace(/<style>.*?<\/style>|<title>.*?<\/title>/gs, '')
      .replace(/<[^>]+>/g, ' ')
      .replaceAll('&amp;', '&')
      .replaceAll('&#39;', "'")
      .replaceAll('&quot;', '"')
      .replace(/\s+/g, ' ');
    for (const line of (parsed.text ?? '').split('\n').map((text) => text.replace(/^> |:$/g, '').trim())) {
      for (const part of line.split(/(?<=^[\w ]{2,20}): /))
        if (part && part !== '--') expect(plain).toContain(part.trim());
    }
    expect(parsed.text).toContain(`This mail was sent by Analytical & Co to ${to}.`);
    expect(parsed.text?.trim()).toMatch(/https:\/\/app\.example\.com$/);
    expect(`${parsed.subject} ${parsed.text} ${plain}`).not.toMatch(/undefined|null|NaN|\{\w+\}|Invalid Date/);
    expect(html).not.toMatch(/<img|<script|@import|url\(|<link/i);
    expect(html).toMatch(/<html lang="en" dir="ltr">.*color-scheme/s);
  });

  it.each(KINDS)('%s: complete in German too', async (kind) => {
    const { parsed, raw } = await sample(kind, { locale: 'de-AT' });
    expect(parsed.text).toContain('Diese Mail hat Analytical & Co an');
    expect(parsed.html).toContain('<html lang="de"');
    expect(header({ raw } as ReceivedMail, 'Content-Language')).toBe('de');
    expect(parsed.text).not.toMatch(/\b(?:the|your|with)\b|\{\w+\}/);
  });

  it('carry the headers that keep automatic answers and threads in order', async () => {
    const mail = await sample('reset');
    expect(header(mail, 'From')).toBe('UserHub <no-reply@example.com>');
    expect(header(mail, 'Reply-To')).toBe('help@example.com');
    expect(header(mail, 'Auto-Submitted')).toBe('auto-generated');
    expect(header(mail, 'X-Auto-Response-Suppress')).toBe('All');
    expect(header(mail, 'Content-Language')).toBe('en');
    expect(header(mail, 'Content-Type')).toMatch(/^multipart\/alternative/);
    expect(header(mail, 'Date')).toMatch(/ \+0000$/);
    expect(header(mail, 'X-Mailer')).toBeUndefined();
    expect(mail.id).toMatch(/^<[0-9a-f-]{36}@example\.com>$/);
  });

  it('verify: the code in subject and body, the link in the fragment', async () => {
    const { parsed } = await sample('verify');
    const links = app.nest.get(MailLinks);
    const code = links.code('0190a0a0-0000-7000-8000-00000000000a');
    expect(parsed.subject).toBe(`${code.slice(0, 3)} ${code.slice(3)} is your code for Analytical & Co`);
    expect(parsed.text).toContain(`Your code: ${code.slice(0, 3)} ${code.slice(3)}`);
    const [url = '', token = ''] =
      /https:\/\/app\.example\.com\/verify-email#token=(\S+)/.exec(parsed.text ?? '') ?? [];
    expect(links.read(token)?.purpose).toBe('verify');
    expect(parsed.html).toContain(`href="${url}"`);
    expect(parsed.text).toContain('Network: 203.0.113.0/24');
    expect(parsed.text).toContain('Device: Firefox on Linux');
    expect(parsed.text).toMatch(/When: \d+ \w+ \d{4} at \d\d:\d\d UTC/);
  });

  it.each(['reset', 'change'] as const)('%s: no code in the subject, which lock screens show', async (kind) => {
    const { parsed } = await sample(kind);
    expect(parsed.text).toMatch(/\d{3} \d{3}/);
    expect(parsed.subject).not.toMatch(/\d/);
  });

  it('notices offer a page to choose a new password on, without a token', async () => {
    for (const kind of KINDS.filter((name) =>
      /sign_in|password_|theft|factor|identity|token_created|role/.test(name),
    )) {
      const { parsed } = await sample(kind);
      expect(parsed.text).toMatch(/https:\/\/app\.example\.com\/reset-password$/m);
      expect(parsed.text).not.toContain('#token');
    }
  });

  it('tell the old address of a change where to, and the new one nothing of the old', async () => {
    const old = await sample('email_changed');
    expect(old.parsed.text).toContain(`From: ${old.to}`);
    expect(old.parsed.text).toContain('To: ada.lovelace@example.org');
    expect(old.parsed.text).toMatch(/revert-email-change#token=er_/);
    const to = newAddress();
    await app.nest
      .get(Mails)
      .send('email_changed', { to, words: { username: 'ada', new_email: to, old_email: 'old@example.net' } });
    const { parsed } = await relay.mailTo(to);
    expect(parsed.text).not.toContain('old@example.net');
    expect(parsed.html).not.toContain('old@example.net');
  });

  it('keep the names of people out of subjects and senders, and make nothing of theirs a link', async () => {
    const evil = 'Win at https://evil.example/now\r\nBcc: all@example.com \u202Egpj <b>free</b> ' + 'x'.repeat(99);
    for (const kind of ['verify', 'invitation', 'factor_added', 'identity_linked', 'token_created'] as const) {
      const mail = await sample(kind, { username: evil, invited_by: evil, name: evil, provider: evil });
      expect(`${mail.parsed.subject} ${header(mail, 'From')}`).not.toMatch(/win|evil/i);
      expect(header(mail, 'Bcc')).toBeUndefined();
      expect(mail.parsed.text).toContain('Win at https: / / evil\u2024example/now');
      expect(mail.raw).not.toMatch(/evil\.example/);
      expect(mail.parsed.html).not.toMatch(/<b>|\u202E|x{60}/);
    }
  });

  it('show what an inviting admin wrote as plain quoted text', async () => {
    const { parsed } = await sample('invitation', { message: 'Hello <script>alert(1)</script>\nsecond line' });
    expect(parsed.text).toContain('> Hello <script>alert(1)</script>\n> second line');
    expect(parsed.html).toContain('Hello &lt;script&gt;');
  });

  it('count only known names of devices, never what a user agent says of itself', async () => {
    const { parsed } = await sample('new_sign_in', { user_agent: 'Win-at-evil.example/1.0', ip: '2001:db8:1:2::3' });
    expect(parsed.text).not.toContain('evil');
    expect(parsed.text).toContain('Network: 2001:db8:1::/48');
  });

  it('fall back from de-CH to German, and from a language that there isn’t to the default', async () => {
    const mails = app.nest.get(Mails);
    expect(mails.localeFor(null, 'fr-CH, de-CH;q=0.8, en;q=0.9')).toBe('en');
    expect(mails.localeFor(null, 'fr, de-CH;q=0.8, *;q=0.1')).toBe('de-CH');
    expect(mails.localeFor('de', 'en')).toBe('de');
    expect(mails.localeFor(null, undefined)).toBe('en');
    expect(mails.localeFor('xx', ';;;=,,\u0000')).toBe('en');
    expect((await sample('password_changed', { locale: 'de-CH' })).parsed.subject).toBe('Dein Passwort wurde geändert');
    expect((await sample('password_changed', { locale: 'fr' })).parsed.subject).toBe('Your password was changed');
  });
});

describe('MAIL_TEMPLATES_DIR', () => {
  let relay: Relay;
  beforeAll(async () => {
    relay = await startRelay();
  });
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
    return relay.close();
  });

  const folderWith = (files: Record<string, unknown>) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'userhub-mails-'));
    folders.push(folder);
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
    return folder;
  };

  it('puts other sentences in place of ours', async () => {
    const folder = folderWith({
      'en.json': { 'password_changed.subject': 'New password, {app}?'.replace('{app}', 'Ada') },
      'de-AT.json': { 'password_changed.subject': 'Servus' },
    });
    const app = await startApp({ ...mailBy(relay), MAIL_TEMPLATES_DIR: folder });
    await sendSample(app.nest.get(Mails), 'password_changed', 'one@example.com');
    expect((await relay.mailTo('one@example.com')).parsed.subject).toBe('New password, Ada?');
    await sendSample(app.nest.get(Mails), 'password_changed', 'two@example.com', { locale: 'de-AT' });
    const { parsed } = await relay.mailTo('two@example.com');
    expect(parsed.subject).toBe('Servus');
    expect(parsed.text).toContain('Diese Mail hat');
    await app.close();
  });

  it.each([
    [
      'a sentence that there is not',
      { 'en.json': { 'verify.nonsense': 'x' } },
      /en\.json: there is no sentence "verify\.nonsense"/,
    ],
    [
      'a value that it has not',
      { 'en.json': { 'verify.title': 'Hello {password}' } },
      /"verify\.title" has no value for \{password\}/,
    ],
    ['no text', { 'en.json': { 'verify.title': 7 } }, /"verify\.title" must be a text/],
    ['no JSON', { 'en.json': '{' }, /en\.json: .*JSON/],
    ['a language with gaps', { 'fr.json': { 'verify.title': 'Bonjour' } }, /fr\.json: "verify\.subject" is missing/],
    ['no language', { 'my templates.json': {} }, /its name is not a language tag/],
  ])('stops the start with one clear line: %s', async (_, files, message) => {
    await expect(startApp({ ...mailBy(relay), MAIL_TEMPLATES_DIR: folderWith(files) })).rejects.toThrow(message);
  });

  it('must be there', async () => {
    await expect(startApp({ ...mailBy(relay), MAIL_TEMPLATES_DIR: '/nowhere/at/all' })).rejects.toThrow(
      /MAIL_TEMPLATES_DIR/,
    );
  });

  it('is asked for a default language that there is', async () => {
    await expect(startApp({ ...mailBy(relay), DEFAULT_LOCALE: 'fr' })).rejects.toThrow(/DEFAULT_LOCALE/);
  });
});
