import { normalizePassword, passwordProblem } from './password-rules.js';

const ada = { minLength: 8, peppered: false, email: 'ada.l@example.com', username: 'Countess' };
const codeOf = (password: string, context = {}) => passwordProblem(password, { ...ada, ...context })?.code;

describe('a new password', () => {
  it.each([
    'securepassword123', // the older systems' example
    'correct horse battery staple',
    'only lower case letters',
    ' leading and trailing spaces ',
    'пароль на русском',
    '🦜🌵🪵🧭🪁🫖🧶🪗', // eight characters
    'the Countess of Lovelace', // a name within a phrase
  ])('may be %j: there are no composition rules', (password) => {
    expect(passwordProblem(password, ada)).toBeUndefined();
  });

  it('needs so many characters, however many bytes or UTF-16 units they take', () => {
    expect(codeOf('gr4nite')).toBe('password_too_short');
    expect(codeOf('🦜🌵🪵🧭🪁🫖🧶')).toBe('password_too_short');
    expect(codeOf('quartzite 7', { minLength: 12 })).toBe('password_too_short');
    expect(codeOf('quartzite 77', { minLength: 12 })).toBeUndefined();
    expect(passwordProblem('', ada)?.detail).toBe('A password needs at least 8 characters.');
  });

  it('is counted after NFC', () => {
    const decomposed = 'éèêëçàö'.normalize('NFD');
    expect([...decomposed]).toHaveLength(14);
    expect(codeOf(decomposed)).toBe('password_too_short');
    expect(codeOf('é'.repeat(35).normalize('NFD') + 'ab')).toBeUndefined(); // 72 bytes, 107 before
  });

  it('has at most 72 bytes', () => {
    expect(codeOf('0123456789ab'.repeat(6))).toBeUndefined();
    expect(codeOf('0123456789ab'.repeat(6) + 'c')).toBe('password_too_long');
    expect(codeOf('пароль'.repeat(6) + 'x')).toBe('password_too_long');
    expect(passwordProblem('ab'.repeat(37), ada)?.detail).toContain('72 bytes');
  });

  it('has at most 128 characters where there is a pepper', () => {
    expect(codeOf('пароли'.repeat(21) + 'ab', { peppered: true })).toBeUndefined();
    expect(codeOf('пароли'.repeat(21) + 'abc', { peppered: true })).toBe('password_too_long');
    expect(passwordProblem('ab'.repeat(65), { ...ada, peppered: true })?.detail).toContain('128 characters');
  });

  it.each(['password123', 'PassWord123', '12345678', 'qwertyuiop', 'iloveyou1', '1q2w3e4r', 'p@ssw0rd', 'trustno1'])(
    'is not the common %s',
    (password) => expect(codeOf(password)).toBe('password_common'),
  );

  it.each(['aaaaaaaa', '        ', '🦜🦜🦜🦜🦜🦜🦜🦜'])('is not one character again and again: %j', (password) => {
    expect(codeOf(password)).toBe('password_common');
  });

  it('may hold a common one, quotes and line breaks', () => {
    expect(codeOf('12345678","password')).toBeUndefined();
    expect(codeOf('12345678\npassword')).toBeUndefined();
  });

  it.each([
    'countess',
    'COUNTESS',
    'ada.l@example.com',
    'Ada.L@Example.com',
    'countesscountess',
    'Countess1815',
    '1ada.l99',
  ])('is not a name of its owner: %s', (password) => expect(codeOf(password)).toBe('password_context'));

  it('is judged without names where there are none', () => {
    expect(passwordProblem('countess of nowhere', { minLength: 8, peppered: false })).toBeUndefined();
    expect(codeOf('granite walls', { email: '', username: '' })).toBeUndefined();
  });

  it.each(['granite\0walls', 'granite\ud800walls', 'granite walls\udc00'])('is text: not %j', (password) => {
    expect(codeOf(password)).toBe('password_invalid');
  });
});

describe('normalizePassword', () => {
  it('composes, and keeps case, spaces and compatibility forms', () => {
    expect(normalizePassword('Cafe\u0301 ')).toBe('Café ');
    expect(normalizePassword('ｆｕｌｌ ﬁ')).toBe('ｆｕｌｌ ﬁ');
  });
});
