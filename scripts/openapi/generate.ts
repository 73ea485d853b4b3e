/** Writes the OpenAPI document out of the code: types, rules, decorators and doc comments. */
import type { Type } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { pino } from 'pino';
import { createApp } from '../../src/app/create-app.js';
import { loadSettings } from '../../src/config/settings.js';
import { HEADERS, INFO, SECURITY, SECURITY_SCHEMES, SERVERS } from './about.js';
import type { Method, OpenApi } from './document.js';
import { Failures } from './failures.js';
import { describeDtos, readSources } from './metadata.js';
import { describeOperation, type Subject } from './operations.js';
import { Schemas } from './schemas.js';
import { readClasses, type SourceClass } from './source.js';

/** What a newcomer looks for first. All that isn't named comes at the dots, in the order of the alphabet. */
const TAG_ORDER = ['Sign in', 'Sessions', 'Users', 'User sessions', 'Posts', 'Tasks', '…', 'Audit', 'Keys', 'Health'];

/** The document of the code as it is. Needs neither a database nor a port. */
export async function generateOpenApi(): Promise<OpenApi> {
  const program = readSources();
  const raw = await rawDocument(await describeDtos(program));
  return completeDocument(raw, readClasses(program));
}

/** What Nest makes of the application, as it is before it looks for its database. */
async function rawDocument(dtos: Type<object>[]): Promise<OpenApi> {
  const settings = loadSettings({
    NODE_ENV: 'test',
    DATABASE_URL: 'postgres://nobody@localhost/nothing',
    JWT_SECRET_KEY: 'nothing is signed with this, as nobody signs in',
    DOCS_ENABLED: 'false',
    CONSOLE_ENABLED: 'false',
  });
  const app = await createApp(settings, pino({ level: 'silent' }));
  try {
    return SwaggerModule.createDocument(app, new DocumentBuilder().setOpenAPIVersion('3.1.0').build(), {
      extraModels: dtos,
      operationIdFactory: (controller, method) => `${controller}.${method}`,
    }) as unknown as OpenApi;
  } finally {
    await app.close();
  }
}

function completeDocument(raw: OpenApi, classes: Map<string, SourceClass>): OpenApi {
  const failures = new Failures();
  const schemas = new Schemas(raw, classes);
  const subjects = subjectsOf(raw, classes).sort((one, other) => compareTags(one.tag, other.tag));
  const tags = new Map(subjects.map(({ tag, controller }) => [tag, classes.get(controller)?.comment ?? '']));
  const paths: OpenApi['paths'] = {};
  for (const subject of subjects) {
    paths[subject.path] = { ...paths[subject.path], [subject.method]: describeOperation(subject, schemas, failures) };
  }
  return {
    openapi: '3.1.0',
    info: INFO,
    servers: SERVERS,
    security: SECURITY,
    tags: [...tags].map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: sorted(schemas.usedBy([paths, failures.components])),
      responses: sorted(failures.components),
      headers: HEADERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

/** All operations; of a method with several paths the first, as the others are for older clients. */
function subjectsOf({ paths }: OpenApi, classes: Map<string, SourceClass>): Subject[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, raw]): Subject[] => {
      const [controller = '', name = '', index = '0'] = raw.operationId.match(/\w+/g) ?? [];
      const source = classes.get(controller)?.methods.get(name);
      if (!source || index !== '0') return [];
      return [{ path, method: method as Method, controller, name, tag: tagOf(controller), raw, source }];
    }),
  );
}

function compareTags(one: string, other: string): number {
  const rankOf = (tag: string) => TAG_ORDER.indexOf(TAG_ORDER.includes(tag) ? tag : '…');
  return rankOf(one) - rankOf(other) || Number(one > other) - Number(one < other);
}

/** `UserSessionsController` → `User sessions`. */
const tagOf = (controller: string): string =>
  controller.replace(/Controller$/, '').replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));
