/**
 * SQL for a new UUID v7, for rows whose number is only known in the statement: 48 bits of time over a random v4, with the
 * two bits set in which the versions differ. PostgreSQL has `uuidv7()` only since version 18.
 */
export const UUID_V7 = `encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
  PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid`;

/** As {@link UUID_V7}, with a position: of those made in one millisecond, the lower comes first. */
export const uuidV7At = (place: number): string =>
  `overlay(${UUID_V7.replace(/::uuid$/, '')} PLACING '7${place.toString(16).padStart(3, '0')}' FROM 13 FOR 4)::uuid`;

/** As {@link UUID_V7}, for the time of an SQL expression. */
export const uuidV7Of = (time: string): string => UUID_V7.replace('clock_timestamp()', time);

/** The lowest UUID v7 of a time; before 1970, the lowest of all. */
export function firstUuidV7At(time: Date): string {
  const digits = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-0000-0000-000000000000`;
}
