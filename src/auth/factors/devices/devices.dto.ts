import type { DeviceRow } from './devices.statements.js';

/** A device that isn't asked for a second factor. */
export class DeviceDto {
  id: string;
  created_at: Date;
  last_used_at: Date | null;
  /** From then on the second factor is asked for again. */
  expires_at: Date;
  ip: string | null;
  user_agent: string | null;
}

/** Devices that aren't asked for a second factor. */
export class DeviceListDto {
  items: DeviceDto[];
}

/** The device as its owner may see it. */
export function toDeviceDto(row: DeviceRow): DeviceDto {
  return {
    id: row.id,
    created_at: row.createdAt,
    last_used_at: row.lastUsedAt,
    expires_at: row.expiresAt,
    ip: row.ip,
    user_agent: row.userAgent,
  };
}
