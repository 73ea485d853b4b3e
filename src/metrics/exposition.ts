/** Serves the metrics: `GET /metrics` on a port of its own, which clients of the API can't reach. */
import cluster from 'node:cluster';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AggregatorRegistry, Registry } from 'prom-client';
import type { Settings } from '../config/settings.js';
import { measure } from './metrics.js';

/**
 * Measures an application that doesn't listen yet, and answers scrapes until it is closed. Workers report to the primary,
 * which sums up and answers.
 * @throws when the port is taken
 */
export async function exposeMetrics(app: NestFastifyApplication, settings: Settings): Promise<Server | undefined> {
  const registry = measure(app);
  if (cluster.isWorker) {
    AggregatorRegistry.setRegistries(registry);
    new AggregatorRegistry(); // answers requests of the primary
    return undefined;
  }
  const server = await answerScrapes(settings, () => registry.metrics());
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onClose', (_fastify, done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  return server;
}

/** In a primary: answers scrapes with the sum of its workers. @throws when the port is taken */
export async function exposeWorkerMetrics(settings: Settings): Promise<Server> {
  const workers = new AggregatorRegistry();
  return answerScrapes(settings, () => workers.clusterMetrics());
}

async function answerScrapes(
  { server: { host, metricsPort } }: Settings,
  read: () => Promise<string>,
): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url?.split('?', 1)[0] !== '/metrics') return end(response, 404);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return end(response.setHeader('allow', 'GET, HEAD'), 405);
    response.setHeader('content-type', Registry.PROMETHEUS_CONTENT_TYPE);
    read().then(
      (metrics) => end(response, 200, metrics),
      () => end(response, 503), // a worker died meanwhile; the next scrape asks the others
    );
  });
  server.listen(metricsPort, host);
  await once(server, 'listening'); // throws when listening fails
  return server;
}

const end = (response: ServerResponse, status: number, text = ''): void =>
  void Object.assign(response, { statusCode: status }).end(text);
