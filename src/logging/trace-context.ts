import type { FastifyRequest } from 'fastify';

/** The trace of a request, by the names in log lines. */
export interface Trace {
  trace_id: string;
  /** The caller's span. */
  span_id: string;
}

/** Version, trace, span, flags; later versions may append more. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}(-.*)?$/;

/** The trace in a `traceparent` header (W3C Trace Context); undefined when it is missing or malformed. */
export function traceOf({ headers }: Pick<FastifyRequest, 'headers'>): Trace | undefined {
  const { traceparent } = headers;
  const parts = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null;
  const [, version, trace_id, span_id, more] = parts ?? [];
  return trace_id && span_id && !(version === '00' && more) ? { trace_id, span_id } : undefined;
}
