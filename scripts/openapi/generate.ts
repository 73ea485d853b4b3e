/** Writes the OpenAPI document out of the code: types, rules, decorators and doc comments. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { PluginMetadataGenerator } from '@nestjs/cli/lib/compiler/plugins/plugin-metadata-generator.js';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { ReadonlyVisitor } from '@nestjs/swagger/plugin';
import { pino } from 'pino';
import ts from 'typescript';
import { projectFile } from '../../src/config/project.js';
import { loadSettings } from '../../src/config/settings.js';
import { createApp } from '../../src/app/create-app.js';
import { completeDocument, type RawDocument } from './complete.js';
import type { OpenApi } from './document.js';
import { readHandlers } from './handlers.js';
import { readClasses } from './source.js';

/** Where DTOs are: in their own files, and where they are only a few lines, beside what uses them. */
const DTO_FILES = ['.dto.ts', '.controller.ts', 'pages.ts'];

/** What the plugin has found: for each file, its module, and its classes with their members. */
interface Metadata {
  '@nestjs/swagger': { models: [Promise<Record<string, Type<object>>>, Record<string, Record<string, Member>>][] };
}
interface Member {
  type?: unknown;
  enum?: unknown;
}

/** The document of the code as it is. Needs neither a database nor a port. */
export async function generateOpenApi(): Promise<OpenApi> {
  const program = ownProgram(projectFile('tsconfig.build.json'));
  const metadata = await pluginMetadata(program);
  const app = await unconnectedApp();
  try {
    const dtos = await dtosIn(metadata);
    await SwaggerModule.loadPluginMetadata(() => Promise.resolve({ ...metadata }));
    const raw = SwaggerModule.createDocument(app, new DocumentBuilder().setOpenAPIVersion('3.1.0').build(), {
      extraModels: [...dtos.values()],
      operationIdFactory: (controller, method) => `${controller}.${method}`,
    }) as unknown as RawDocument;
    return completeDocument({ raw, handlers: readHandlers(app), classes: readClasses(program), dtos });
  } finally {
    await app.close();
  }
}

/** Our own sources, without those of libraries: they say nothing of the API, and are most of the work. */
function ownProgram(tsconfig: string): ts.Program {
  const { config } = ts.readConfigFile(tsconfig, (file) => ts.sys.readFile(file)) as { config: object };
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, path.dirname(tsconfig));
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (names, from) =>
    names.map(({ text }) =>
      text.startsWith('.')
        ? ts.resolveModuleName(text, from, options, host, undefined, undefined, ts.ModuleKind.ESNext)
        : { resolvedModule: undefined },
    );
  return ts.createProgram({ rootNames: fileNames, options: { ...options, types: [] }, host });
}

/** The plugin writes a module that imports what it describes; it is only needed here and now. */
async function pluginMetadata(program: ts.Program): Promise<Metadata> {
  const folder = mkdtempSync(path.join(tmpdir(), 'userhub-openapi-'));
  const file = path.join(folder, 'metadata.mjs');
  const root = projectFile('');
  const visitor = new ReadonlyVisitor({
    introspectComments: true,
    classValidatorShim: false, // it can't see through our own rules; limitsOf can
    esmCompatible: true,
    dtoFileNameSuffix: DTO_FILES,
    controllerFileNameSuffix: [],
    pathToSource: root,
  });
  try {
    new PluginMetadataGenerator().generate({
      visitors: [visitor],
      outputDir: folder,
      filename: path.basename(file),
      tsProgramRef: program,
    });
    const sources = `import("${pathToFileURL(root).href}/$1.ts")`;
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/import\("\.\/(.*?)(?:\.js)?"\)/g, sources));
    const { default: load } = (await import(pathToFileURL(file).href)) as { default: () => Promise<Metadata> };
    return await load();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The classes that are described, by name; those without members are something else. */
async function dtosIn(metadata: Metadata): Promise<Map<string, Type<object>>> {
  const dtos = new Map<string, Type<object>>();
  for (const [file, described] of metadata['@nestjs/swagger'].models) {
    const classes = await file;
    for (const [name, members] of Object.entries(described)) {
      const dto = classes[name];
      if (dto && Object.keys(members).length) dtos.set(name, dto);
      described[name] = withoutGenericMembers(members);
    }
  }
  return dtos;
}

/** What a `T` is, only the use of its class says: see pageSchema. */
function withoutGenericMembers(members: Record<string, Member>): Record<string, Member> {
  return Object.fromEntries(Object.entries(members).filter(([, { type, enum: values }]) => type ?? values));
}

/** The application as it is before it looks for its database. */
async function unconnectedApp(): Promise<NestFastifyApplication> {
  const settings = loadSettings({
    NODE_ENV: 'test',
    DATABASE_URL: 'postgres://nobody@localhost/nothing',
    JWT_SECRET_KEY: 'nothing is signed with this, as nobody signs in',
    DOCS_ENABLED: 'false',
    CONSOLE_ENABLED: 'false',
  });
  return createApp(settings, pino({ level: 'silent' }));
}
