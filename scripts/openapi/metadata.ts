/** What the plugin of @nestjs/swagger reads of DTOs in the source, and what their rules say. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { PluginMetadataGenerator } from '@nestjs/cli/lib/compiler/plugins/plugin-metadata-generator.js';
import type { Type } from '@nestjs/common';
import { SwaggerModule } from '@nestjs/swagger';
import { ReadonlyVisitor } from '@nestjs/swagger/plugin';
import { getMetadataStorage } from 'class-validator';
import ts from 'typescript';
import { projectFile } from '../../src/config/project.js';

/** Where DTOs are: in their own files, and where they are only a few lines, beside what uses them. */
const DTO_FILES = ['.dto.ts', '.controller.ts', 'pages.ts', 'problems.ts'];

/** What the plugin has found: for each file, its module, and its classes with their members. */
interface Metadata {
  '@nestjs/swagger': { models: [Promise<Record<string, Type<object>>>, Record<string, Members>][] };
}
type Members = Record<string, { type?: unknown; enum?: unknown }>;

/** Our own sources, without those of libraries: they say nothing of the API, and are most of the work. */
export const readSources = (): ts.Program =>
  ts.createProgram({
    rootNames: ts.sys.readDirectory(projectFile('src'), ['.ts'], ['**/*.spec.ts']),
    options: { module: ts.ModuleKind.NodeNext, strict: true, types: [], noResolve: true },
  });

/** Tells @nestjs/swagger of the members of all DTOs. Returns the DTOs. */
export async function describeDtos(program: ts.Program): Promise<Type<object>[]> {
  const metadata = await pluginMetadata(program);
  const dtos: Type<object>[] = [];
  for (const [file, described] of metadata['@nestjs/swagger'].models) {
    const classes = await file;
    for (const [name, members] of Object.entries(described)) {
      const dto = classes[name];
      if (!dto || Object.keys(members).length === 0) continue; // it is something else
      dtos.push(dto);
      described[name] = withRules(members, dto);
    }
  }
  await SwaggerModule.loadPluginMetadata(() => Promise.resolve({ ...metadata }));
  return dtos;
}

/** The plugin writes a module that imports what it describes; it is only needed here and now. */
async function pluginMetadata(program: ts.Program): Promise<Metadata> {
  const folder = mkdtempSync(path.join(tmpdir(), 'userhub-openapi-'));
  const visitor = new ReadonlyVisitor({
    introspectComments: true,
    classValidatorShim: false, // it can't see through our own rules; withRules can
    dtoFileNameSuffix: DTO_FILES,
    controllerFileNameSuffix: [],
    pathToSource: folder,
  });
  try {
    new PluginMetadataGenerator().generate({ visitors: [visitor], outputDir: folder, tsProgramRef: program });
    const { default: load } = (await import(pathToFileURL(path.join(folder, 'metadata.ts')).href)) as { default: () => Promise<Metadata> }; // prettier-ignore
    return await load();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Members with what their rules say; without those of a type `T`, as what it is, only the use of its class says. */
function withRules(members: Members, dto: Type<object>): Members {
  const rules = getMetadataStorage().getTargetValidationMetadatas(dto, '', true, false);
  const known = Object.entries(members).filter(([, { type, enum: values }]) => type ?? values);
  return Object.fromEntries(
    known.map(([name, member]) => {
      const contexts = rules.filter(({ propertyName }) => propertyName === name).map((rule) => rule.context as object);
      return [name, Object.assign({}, member, isNumber(member) && { type: 'integer' }, ...contexts) as typeof member];
    }),
  );
}

/** All numbers here are whole ones. */
const isNumber = ({ type }: Members[string]) => typeof type === 'function' && (type as () => unknown)() === Number;
