import {
  BadRequestException,
  ConflictException,
  ForbiddenException,
  GoneException,
  HttpException,
  ImATeapotException,
  InternalServerErrorException,
  NotFoundException,
  NotImplementedException,
  ServiceUnavailableException,
  UnauthorizedException,
  UnprocessableEntityException,
} from '@nestjs/common';
import { forbidden } from '../problems.js';
import { oauthBody, oauthStatus } from './oauth-errors.js';
import { toProblem } from './error-problems.js';

describe('toProblem', () => {
  it('keeps a problem', () => {
    const problem = forbidden();
    expect(toProblem(problem)).toBe(problem);
  });

  it.each([
    [new BadRequestException(), 400, 'malformed_request'],
    [new UnauthorizedException(), 401, 'not_authenticated'],
    [new HttpException('Pay first.', 402), 402, 'payment_required'],
    [new ForbiddenException(), 403, 'forbidden'],
    [new NotFoundException(), 404, 'not_found'],
    [new ConflictException(), 409, 'conflict'],
    [new GoneException(), 410, 'gone'],
    [new ImATeapotException(), 418, 'i_m_a_teapot'],
    [new UnprocessableEntityException(), 422, 'validation_failed'],
    [new HttpException('Slower.', 429), 429, 'too_many_requests'],
    [new NotImplementedException('Not yet: see src/secret.ts'), 501, 'not_implemented'],
    [new ServiceUnavailableException('The cache on 10.0.0.7 is away'), 503, 'unavailable'],
    [new InternalServerErrorException('SELECT 1'), 500, 'internal_error'],
    [new HttpException('Odd', 299), 500, 'internal_error'],
    [new HttpException('Odd', 799), 500, 'internal_error'],
  ])('takes Nest’s %s as %i %s', (error, status, code) => {
    expect(toProblem(error)).toMatchObject({ status, code, detail: expect.stringMatching(/\.$/) as string });
  });

  it('passes on what an exception says, below 500', () => {
    expect(toProblem(new ForbiddenException('Only on Sundays.')).detail).toBe('Only on Sundays.');
    expect(toProblem(new BadRequestException(['One.', 'Two.'])).detail).toBe('One.; Two.');
    expect(toProblem(new HttpException('Pay first.', 402)).detail).toBe('Pay first.');
    expect(toProblem(new NotImplementedException('see src/secret.ts')).detail).not.toContain('secret');
    expect(toProblem(new ServiceUnavailableException('10.0.0.7')).detail).not.toContain('10.0');
  });

  it('challenges on 401, says when to come back on 429 and 503', () => {
    expect(toProblem(new UnauthorizedException('No.')).extras.headers).toEqual({ 'www-authenticate': 'Bearer' });
    expect(toProblem(new HttpException('Slower.', 429)).extras.headers).toEqual({ 'retry-after': '1' });
    expect(toProblem(new ServiceUnavailableException()).extras.headers).toEqual({ 'retry-after': '1' });
  });

  it.each([
    [{ statusCode: 415, code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' }, 415, 'unsupported_media_type'],
    [{ statusCode: 400, code: 'ECONNRESET', message: 'aborted' }, 400, 'malformed_request'], // an upload that was given up
    [{ code: 'ECONNRESET' }, 503, 'unavailable'], // the database's
    [{ name: 'AbortError' }, 503, 'unavailable'],
    [new TypeError('x is not a function'), 500, 'internal_error'],
    ['a string', 500, 'internal_error'],
    [undefined, 500, 'internal_error'],
  ])('takes %j as %i %s', (error, status, code) => {
    expect(toProblem(error)).toMatchObject({ status, code });
  });
});

describe('OAuth', () => {
  it('has a word for all of them', () => {
    expect(oauthBody(toProblem(new UnauthorizedException())).error).toBe('invalid_grant');
    expect(oauthStatus(toProblem(new UnauthorizedException()))).toBe(400);
  });
});
