import type { FastifyInstance, RouteOptions } from 'fastify';
import findMyWay from 'find-my-way';

/**
 * Tracks the methods of each path, for `405` and its `Allow`; Fastify only knows routes by method.
 * @returns a look-up from a path to its methods (`GET, HEAD`), undefined for an unknown path
 */
export function trackAllowedMethods(fastify: FastifyInstance): (path: string) => string | undefined {
  const router = findMyWay({ ignoreTrailingSlash: true, maxParamLength: 2048 });
  const methods = new Map<string, Set<string>>();
  fastify.addHook('onRoute', ({ url, method }: RouteOptions) => {
    if (url.includes('*')) return; // the preflight route of CORS matches every path
    const shape = url.replace(/:[^/]+/g, ':any').replace(/(?<=.)\/$/, '');
    const known = methods.get(shape) ?? new Set();
    if (!methods.has(shape)) router.on('GET', shape, () => undefined, known);
    methods.set(shape, known);
    for (const one of [method].flat()) known.add(one);
  });
  return (path) => {
    const found = router.find('GET', path)?.store as Set<string> | undefined;
    return found && [...found].sort().join(', ');
  };
}
