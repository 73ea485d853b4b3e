import { parse, stringify, v7 as uuidv7 } from 'uuid';

/** Length of an id in bytes. */
export const ID_BYTES = 16;

/** A new id (UUID v7) as bytes; it contains the time. */
export const newTimedId = (): Buffer => Buffer.from(parse(uuidv7()));

/** When an id (UUID v7) was made, in milliseconds. */
export const timeOf = (id: Uint8Array): number => Buffer.from(id.subarray(0, 6)).readUIntBE(0, 6);

/** Whether an id (UUID v7) is younger than `age` milliseconds, by this machine's clock. */
export const isYoungerThan = (id: Uint8Array, age: number, now = Date.now()): boolean => now - timeOf(id) < age;

/** An id as text. */
export const idText = (id: Uint8Array): string => stringify(id);
