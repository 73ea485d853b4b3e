/** What the packages hold and this server has no use for, left out of the bundle. */
import path from 'node:path';

/** Other databases' drivers, and what only they use: TypeORM loads all of them at its start. */
const OTHER_DRIVERS =
  /[\\/]typeorm[\\/](driver[\\/](aurora|better|capac|cock|cord|expo|mongo|mysql|native|oracle|react|sap|span|sql)[^\\/]*[\\/]|(entity-manager|repository)[\\/]Mongo)[^.]*\.js$/;

/** Loads TypeORM once more, out of node_modules, to look for what version 1 no longer has. */
const COMPATIBILITY = /[\\/]@nestjs[\\/]typeorm[\\/]dist[\\/]common[\\/]typeorm-compat\.js$/;

/** What packages ask for when it is needed, and it never is. */
export const OPTIONAL = [
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  'pg-native',
];

/** An esbuild plugin. */
export const pruned = {
  name: 'pruned',
  setup(build) {
    build.onLoad({ filter: OTHER_DRIVERS }, () => ({ contents: 'module.exports = {};' }));
    build.onLoad({ filter: COMPATIBILITY }, () => ({ contents: 'export let Connection, AbstractRepository;' }));
    // Nest's own ValidationPipe, which nobody uses, asks for the whole of them, telephone numbers of all countries included
    build.onResolve({ filter: /^class-(validator|transformer)/ }, ({ path: name, importer }) =>
      importer.includes(path.join('node_modules', '@nestjs')) ? { path: name, external: true } : undefined,
    );
    // asked for one decorator; none of its modules does anything when it is loaded, so the others can stay away
    build.onResolve(
      { filter: /^@nestjs\/swagger$/ },
      async ({ path: name, pluginData, kind, resolveDir, importer }) => {
        if (pluginData === pruned) return undefined;
        const found = await build.resolve(name, { kind, resolveDir, importer, pluginData: pruned });
        return { ...found, sideEffects: false };
      },
    );
  },
};
