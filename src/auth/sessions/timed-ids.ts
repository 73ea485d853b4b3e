import { parse, stringify, v7 as uuidv7 } from 'uuid';

/** How many bytes an id has. */
export const ID_BYTES = 16;

/** A new id (UUID v7), as bytes: it tells when it was made. */
export const newTimedId = (): Buffer => Buffer.from(parse(uuidv7()));

/** When an id (UUID v7) was made, in milliseconds. */
export const timeOf = (id: Uint8Array): number => Buffer.from(id.subarray(0, 6)).readUIntBE(0, 6);

/** Whether an id (UUID v7) was made within so many milliseconds, by this machine's clock. */
export const isYoungerThan = (id: Uint8Array, age: number, now = Date.now()): boolean => now - timeOf(id) < age;

/** An id as text. */
export const idText = (id: Uint8Array): string => stringify(id);
