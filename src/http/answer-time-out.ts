import type { FastifyInstance, FastifyReply } from 'fastify';
import { seconds } from '../config/durations.js';
import { unavailable } from '../problems.js';
import { sendProblem } from './problem.filter.js';

const LONGEST_ANSWER = seconds(10);
const TICK = seconds(0.5);
const ON_ITS_WAY = 100; // milliseconds for a request that was sent and not read yet

/**
 * Answers 503 when a request takes longer than 10 s. Fastify's `handlerTimeout` would arm a timer and create an
 * AbortController per request, which costs as much as all else that Fastify does for one.
 *
 * When the server closes, Node waits for connections that never send a whole request, such as a browser's preconnects,
 * without a time limit. They are closed as soon as no request is being answered, or the time-out has passed.
 */
export function limitAnswers(fastify: FastifyInstance): void {
  const { server } = fastify;
  const answering = new Map<FastifyReply, number>(); // by the tick in which they began, oldest first
  let tick = 0;
  let isClosing = false;
  const clock = setInterval(() => {
    tick++;
    for (const [reply, since] of answering) {
      if (tick - since <= LONGEST_ANSWER / TICK) break;
      answering.delete(reply);
      sendProblem(reply.request, reply, unavailable());
    }
  }, TICK).unref();
  const closeIfIdle = () => {
    if (isClosing && answering.size === 0) server.closeAllConnections();
  };
  fastify.addHook('onRequest', (_request, reply, done) => {
    answering.set(reply, tick);
    reply.raw.once('close', () => {
      answering.delete(reply);
      if (isClosing) setTimeout(closeIfIdle, ON_ITS_WAY);
    });
    done();
  });
  fastify.addHook('preClose', (done) => {
    isClosing = true;
    setTimeout(closeIfIdle, ON_ITS_WAY);
    setTimeout(() => server.closeAllConnections(), LONGEST_ANSWER).unref();
    done();
  });
  fastify.addHook('onClose', (_fastify, done) => {
    clearInterval(clock);
    done();
  });
}
