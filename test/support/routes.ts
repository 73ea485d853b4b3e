import type { TestApp } from './app.js';

/** Every route that the running server answers, as `GET /api/users/:id`; without HEAD, which comes with every GET. */
export function routesOf({ nest }: TestApp): string[] {
  const fastify = nest.getHttpAdapter().getInstance();
  const parents: string[] = [];
  return fastify
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', segment, methods] = /^([│ ]*)[├└]── (\S+)(?: \((.+)\))?$/.exec(line) ?? [];
      if (!segment) return [];
      const depth = indent.length / 4;
      parents[depth] = (depth ? (parents[depth - 1] ?? '') : '') + segment;
      const own = methods?.split(', ').filter((method) => method !== 'HEAD') ?? [];
      return own.map((method) => `${method} ${parents[depth]}`);
    })
    .filter((route) => route !== 'OPTIONS *'); // the preflight requests of CORS
}
