import type { FastifyRequest } from 'fastify';

/** Of what trace a request is a part, by the names that log lines give it. */
export interface Trace {
  trace_id: string;
  /** The caller's span. */
  span_id: string;
}

/** Version, trace, span, flags; a version to come may add more after these. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}(-.*)?$/;

/** The trace that a caller says a request is part of (W3C Trace Context, `traceparent`); undefined unless it is well-formed. */
export function traceOf({ headers }: Pick<FastifyRequest, 'headers'>): Trace | undefined {
  const { traceparent } = headers;
  const parts = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null;
  const [, version, trace_id, span_id, more] = parts ?? [];
  return trace_id && span_id && !(version === '00' && more) ? { trace_id, span_id } : undefined;
}
