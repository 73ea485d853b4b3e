import { cellValues } from '../../users/import/read-rows.js';
import { aspNetRows } from './aspnet.js';
import { auth0Rows } from './auth0.js';
import { clerkRows } from './clerk.js';
import { djangoRows } from './django.js';
import { converted, csvRows, ndjsonRows, type Rows } from './files.js';
import { keycloakRows } from './keycloak.js';
import { supabaseRows } from './supabase.js';

/** The rows of a file in our own format: CSV or NDJSON, by its extension. */
const ownRows = (file: string): Rows =>
  /\.csv$/i.test(file) ? converted(csvRows(file), cellValues) : ndjsonRows(file);

/** Readers for exports, by the name of the system. Firebase's needs a second file. */
export const SOURCES = {
  userhub: ownRows,
  auth0: auth0Rows,
  aspnet: aspNetRows,
  clerk: clerkRows,
  django: djangoRows,
  keycloak: keycloakRows,
  supabase: supabaseRows,
} satisfies Record<string, (file: string) => Rows>;

export type Source = keyof typeof SOURCES;
