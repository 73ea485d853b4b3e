import { Injectable } from '@nestjs/common';
import { parse } from 'uuid';
import { ComputedToken } from '../../sessions/computed-token.js';
import { DerivedMac } from '../../sessions/derived-mac.js';
import { KeyRing } from '../../sessions/keys.js';
import { ID_BYTES, idText } from '../../sessions/timed-ids.js';

/** The tokens of remembered devices: a MAC over the row's id, so that the row alone is useless to whoever reads it. */
@Injectable()
export class DeviceTokens {
  private readonly token: ComputedToken;

  constructor(ring: KeyRing) {
    this.token = new ComputedToken(new DerivedMac(ring, 'userhub remembered devices'), 'dt_', ID_BYTES);
  }

  /** The token of a device. */
  sign(deviceId: string): string {
    return this.token.sign(Buffer.from(parse(deviceId)));
  }

  /** The device of a token; undefined when it is forged. */
  read(token: string): string | undefined {
    const id = this.token.read(token);
    return id && idText(id);
  }
}
