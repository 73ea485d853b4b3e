import { httpFile } from './http-file.ts';
import { collection, environment } from './postman.ts';
import type { OpenApi } from './requests.ts';

/** What is generated from openapi.json: contents by name. */
export function files(openapi: string): Record<string, string> {
  const document = JSON.parse(openapi) as OpenApi;
  return {
    'userhub.postman_collection.json': json(collection(document)),
    'userhub.postman_environment.json': json(environment(document)),
    'requests.http': httpFile(document),
  };
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
