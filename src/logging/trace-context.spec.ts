import { traceOf } from './trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('traceparent', () => {
  const read = (traceparent?: string) => traceOf({ headers: { traceparent } });

  it('names the trace and the span of the caller', () => {
    expect(read(`00-${TRACE}-${SPAN}-01`)).toEqual({ trace_id: TRACE, span_id: SPAN });
  });

  it.each(['cc', 'fe'])('is read in version %s too, with whatever that has added', (version) => {
    expect(read(`${version}-${TRACE}-${SPAN}-00`)).toEqual({ trace_id: TRACE, span_id: SPAN });
    expect(read(`${version}-${TRACE}-${SPAN}-00-what.the-future.brings`)).toEqual({ trace_id: TRACE, span_id: SPAN });
  });

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['of the forbidden version', `ff-${TRACE}-${SPAN}-01`],
    ['of no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['of no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['in capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['too short', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['without flags', `00-${TRACE}-${SPAN}`],
    ['longer than version 00 allows', `00-${TRACE}-${SPAN}-01-more`],
    ['two in one', `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
  ])('is ignored when it is %s', (_, header) => {
    expect(read(header)).toBeUndefined();
  });
});
