import { acceptedVersions, assertMatches, withVersion } from './conditional-requests.js';

describe('acceptedVersions', () => {
  it.each<[string | undefined, number[] | undefined]>([
    [undefined, undefined],
    ['*', undefined],
    [' * ', undefined],
    ['"7-abcDEF_-123"', [7]],
    ['"7-a", "8-b"', [7, 8]],
    [' "7-a" ,"nonsense", "9-c" ', [7, 9]],
    ['W/"7-a"', []],
    ['W/"7-a", "8-b"', [8]],
    ['"7"', []],
    ['7-a', []],
    ['', []],
    ['"*"', []],
    ['"2147483648-a"', []], // more than a version can be
    ['"-1-a"', []],
    ['"7-a', []],
  ])('If-Match: %s accepts %j', (header, versions) => {
    expect(acceptedVersions(header)).toEqual(versions);
  });
});

describe('assertMatches', () => {
  const seventh = withVersion({ title: 'x' }, { version: 7, path: '/x' });

  it('is content with any version, or with one of those', () => {
    expect(() => assertMatches(seventh, undefined)).not.toThrow();
    expect(() => assertMatches(seventh, [6, 7])).not.toThrow();
  });

  it.each([[[]], [[8]]])('is not with %j', (versions) => {
    expect(() => assertMatches(seventh, versions)).toThrow(
      expect.objectContaining({
        status: 412,
        extras: { headers: { etag: expect.stringMatching(/^"7-/) as string } },
      }) as Error,
    );
  });
});
