import { Sealer } from './sealer.js';

const [FIRST, SECOND] = ['a key that only the tests know, one', 'a key that only the tests know, two'];
const SECRET = Buffer.from('20 bytes of a secret');

describe('the sealer', () => {
  const sealed = new Sealer([FIRST]).seal(SECRET, 'totp|ada');

  it('opens what it has sealed, for the same context only', () => {
    const sealer = new Sealer([FIRST]);
    expect(sealer.open(sealed, 'totp|ada')).toEqual({ plain: SECRET, isOutdated: false });
    expect(sealer.open(sealed, 'totp|bob')).toBeNull();
  });

  it('opens with every key, and says which ought to be sealed anew', () => {
    expect(new Sealer([SECOND, FIRST]).open(sealed, 'totp|ada')).toEqual({ plain: SECRET, isOutdated: true });
    expect(new Sealer([SECOND, FIRST]).seal(SECRET, '').subarray(0, 4).toString('hex')).toBe(
      new Sealer([SECOND]).keyIds[0],
    );
  });

  it('opens nothing without its key, nor when any byte was changed', () => {
    expect(new Sealer([SECOND]).open(sealed, 'totp|ada')).toBeNull();
    expect(new Sealer([]).open(sealed, 'totp|ada')).toBeNull();
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed[i] = (changed[i] as number) ^ 1;
      expect(new Sealer([FIRST]).open(changed, 'totp|ada')).toBeNull();
    }
    expect(new Sealer([FIRST]).open(sealed.subarray(0, 31), 'totp|ada')).toBeNull();
  });

  it('seals differently each time, and nothing without a key', () => {
    const sealer = new Sealer([FIRST]);
    expect(sealer.seal(SECRET, '')).not.toEqual(sealer.seal(SECRET, ''));
    expect(() => new Sealer([]).seal(SECRET, '')).toThrow('DATA_ENCRYPTION_KEY');
  });
});
