import { QueryFailedError } from 'typeorm';
import { databaseProblem, isConnectionLost, isRetriable } from './failures.js';

const error = (code?: string, more: object = {}) => Object.assign(new Error('details: secret'), { code, ...more });
const wrapped = (inner: Error) => new QueryFailedError('SELECT 1', ['secret'], inner);

describe('databaseProblem', () => {
  it.each([
    ['users_email_key', 'email_taken'],
    ['users_username_key', 'username_taken'],
    ['sessions_user_id_fkey', 'not_found'],
    ['notes_user_id_fkey', 'invalid_token'], // as of any feature's rows
  ])('finds the meaning of %s', (constraint, code) => {
    expect(databaseProblem(error('23505', { constraint }))).toMatchObject({ code });
    expect(databaseProblem(wrapped(error('23505', { constraint })))).toMatchObject({ code });
  });

  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EPIPE',
    'ETIMEDOUT',
    '08006',
    '08P01',
    '53300',
    '53100',
    '53200',
    '55P03',
    '57P01',
    '57P02',
    '57P03',
    '57014',
    '58030',
    '25006',
    '25P03',
    '40001',
    '40P01',
    'XX000',
  ])('%s passes', (code) => {
    // prettier-ignore
    expect(databaseProblem(error(code))).toMatchObject({ status: 503, code: 'unavailable' });
    expect(databaseProblem(wrapped(error(code)))).toMatchObject({ status: 503 });
  });

  it.each([
    'Connection terminated',
    'Connection terminated unexpectedly',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
  ])('"%s" passes', (message) => {
    expect(databaseProblem(new Error(message))).toMatchObject({ status: 503 });
  });

  it.each(['22P02', '22021', '23502', '23505', '42703', '42P01', '42601', 'ERR_SOMETHING', undefined])(
    '%s is a bug',
    (code) => {
      expect(databaseProblem(error(code))).toBeUndefined();
    },
  );

  it.each([undefined, null, 'a text', 42, {}])('%p is no failure of a database', (thrown) => {
    expect(databaseProblem(thrown)).toBeUndefined();
  });

  it('tells a client nothing of what it was', () => {
    expect(JSON.stringify(databaseProblem(error('53300')))).not.toContain('secret');
  });
});

describe('isRetriable', () => {
  it('is what the database has undone and asks to be tried again', () => {
    expect(['40P01', '40001', '23505', '57P01', 'ECONNRESET'].filter((code) => isRetriable(error(code)))).toEqual([
      '40P01',
      '40001',
    ]);
  });
});

describe('isConnectionLost', () => {
  it('is when nobody knows whether a statement was carried out', () => {
    const codes = ['ECONNRESET', '57P01', '08006', '40P01', '57014', '23505', '55P03'];
    expect(codes.filter((code) => isConnectionLost(error(code)))).toEqual(['ECONNRESET', '57P01', '08006']);
    expect(isConnectionLost(new Error('Connection terminated unexpectedly'))).toBe(true);
  });
});
