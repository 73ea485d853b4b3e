/** What is read of an error of pg. */
interface DatabaseError {
  code?: string;
  constraint?: string;
  message?: string;
  routine?: string;
  driverError?: unknown;
}

/** The error of pg, which TypeORM wraps. */
export function databaseError(error: unknown): DatabaseError {
  const outer = (error ?? {}) as DatabaseError;
  return (outer.driverError as DatabaseError | undefined) ?? outer;
}
