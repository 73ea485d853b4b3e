/**
 * SQL that makes a UUIDv7, for rows whose number only the statement knows: 48 bits of time, then random bits of a v4, with
 * the version's two differing bits set. PostgreSQL has a function of its own for that only since version 18.
 */
export const UUID_V7 = `encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
  PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid`;

/** As {@link UUID_V7}, with a place in its order: of those made in one millisecond the lower number comes first. */
export const uuidV7At = (place: number): string =>
  `overlay(${UUID_V7.replace(/::uuid$/, '')} PLACING '7${place.toString(16).padStart(3, '0')}' FROM 13 FOR 4)::uuid`;

/** As {@link UUID_V7}, of the time that an SQL expression says. */
export const uuidV7Of = (time: string): string => UUID_V7.replace('clock_timestamp()', time);

/** The lowest UUIDv7 of a moment; of one before 1970, the lowest there is. */
export function firstUuidV7At(time: Date): string {
  const digits = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-0000-0000-000000000000`;
}
