import pg from 'pg';
import type { TestApp } from './app.js';

/** Holds what a statement locks, on a connection of its own, until it is released. */
export async function holding({ database }: TestApp, statement: string): Promise<{ release: () => Promise<void> }> {
  const client = new pg.Client(database.url);
  await client.connect();
  await client.query('BEGIN');
  await client.query(statement);
  return { release: () => client.query('ROLLBACK').then(() => client.end()) };
}

/** Whether a row of pg_stat_activity is a connection of the server's. */
export const OURS = `datname = current_database() AND application_name LIKE 'userhub%'`;

/** Ends all of the server's connections, the probe's too. */
export const terminate = ({ sql }: TestApp) =>
  sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${OURS}`);
