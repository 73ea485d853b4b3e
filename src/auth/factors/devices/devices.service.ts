import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../../../audit/audit.service.js';
import { hours } from '../../../config/durations.js';
import { MfaSettings } from '../../../config/mfa-settings.js';
import { TokenSettings } from '../../../config/token-settings.js';
import { inBatches } from '../../../database/batches.js';
import { Database } from '../../../database/database.js';
import { Scheduler } from '../../../outbox/scheduler.js';
import { notFound } from '../../../problems.js';
import type { Call, Origin } from '../../../request.js';
import type { Account } from '../../sessions/authentication.js';
import type { Proof } from '../../sessions/proof.js';
import { SessionStore } from '../../sessions/session-store.js';
import { DeviceTokens } from './device-tokens.js';
import { type DeviceListDto, toDeviceDto } from './devices.dto.js';
import * as sql from './devices.statements.js';

/** Remembered devices: they replace the second factor, never the password. Such a session is only `aal1`. */
@Injectable()
export class Devices implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly tokens: DeviceTokens,
    private readonly store: SessionStore,
    private readonly audit: AuditService,
    private readonly scheduler: Scheduler,
    private readonly settings: MfaSettings,
    private readonly tokenSettings: TokenSettings,
  ) {}

  onModuleInit(): void {
    for (const cte of sql.FORGOTTEN_WITH_ALL) this.store.alsoEnd(cte);
    this.scheduler.register({ name: 'old_devices', every: hours(1), run: (signal) => this.removeOld(signal) });
  }

  /** Remembers the device that has just shown a second factor. Returns its token; undefined when the feature is off. */
  async remember({ id, sessionGeneration }: Account, from: Origin): Promise<string | undefined> {
    const { rememberFor } = this.settings;
    if (rememberFor === 0) return undefined;
    const deviceId = uuidv7();
    const values = [deviceId, id, sessionGeneration, from.ip || null, from.userAgent, rememberFor];
    const remembered = await this.audit.write(sql.REMEMBER, values, from);
    return remembered.length ? this.tokens.sign(deviceId) : undefined;
  }

  /** The proof of a remembered device; undefined when the token is forged, or the feature is off. */
  proofOf(deviceToken: string): Proof | undefined {
    const deviceId = this.settings.rememberFor > 0 ? this.tokens.read(deviceToken) : undefined;
    return deviceId === undefined ? undefined : sql.deviceProof(deviceId);
  }

  /** One's own remembered devices, newest first. */
  async listDevices({ me }: Call): Promise<DeviceListDto> {
    const rows = this.settings.rememberFor > 0 ? await this.database.read<sql.DeviceRow>(sql.LIST, [me.id]) : [];
    return { items: rows.map(toDeviceDto) };
  }

  /** Forgets a device, and ends the sessions that were started with it. @throws Problem 404 */
  async forgetDevice(id: string, call: Call): Promise<void> {
    if ((await this.audit.write(sql.FORGET, [call.me.id, id], call)).length === 0) throw notFound('device');
  }

  /** Forgets all of one's devices, and ends the sessions that were started with them. */
  async forgetDevices(call: Call): Promise<void> {
    await this.audit.write(sql.FORGET, [call.me.id, null], call);
  }

  /** Deletes devices that expired long ago. */
  private removeOld(signal?: AbortSignal): Promise<void> {
    return inBatches(async () => {
      const removed = await this.database.write(sql.PURGE, [this.tokenSettings.sessionLifetime]);
      return removed.length < sql.PURGED_AT_ONCE ? undefined : 'more';
    }, signal);
  }
}
