import { useEffect, useRef, useState } from 'preact/hooks';
import { texts } from '../texts.ts';
import { dayInWords, number } from './when.tsx';

/** What stands on one day: a number for each series. */
export interface Day {
  day: string;
  values: number[];
}

interface ChartProps {
  title: string;
  /** Names of the series; a value of the second stands on the first. */
  series: string[];
  days: Day[];
}

const HEIGHT = 150;
const LEFT = 36;
const FOOT = 20;
const TOP = 8;

/** Bars for days, with a scale, dates, and words for the day that is pointed at; the same as a table below. */
export function Chart({ title, series, days }: ChartProps) {
  const [width, box] = useWidth();
  const [pointed, setPointed] = useState<number>();
  const top = niceTop(Math.max(...days.map(sum), 0));
  const slot = (width - LEFT) / Math.max(days.length, 1);
  const y = (value: number) => TOP + (HEIGHT - TOP - FOOT) * (1 - value / top);
  const point = (event: PointerEvent) => {
    const index = Math.floor((event.offsetX - LEFT) / slot);
    setPointed(index >= 0 && index < days.length ? index : undefined);
  };
  const day = pointed === undefined ? undefined : days[pointed];
  const total = series.map(
    (name, index) => [name, days.reduce((all, { values }) => all + (values[index] ?? 0), 0)] as const,
  );
  return (
    <section class="card chart">
      <h2>{title}</h2>
      <p class="legend">
        {(day ? series.map((name, index) => [name, day.values[index] ?? 0] as const) : total).map(
          ([name, value], index) => (
            <span key={name} class={`key s${index}`}>
              <b>{number(value)}</b> {name}
            </span>
          ),
        )}
        <span class="muted">{day ? dayInWords(day.day, LONG) : texts.lastDays(days.length)}</span>
      </p>
      <div ref={box}>
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={title}
          onPointerMove={point}
          onPointerLeave={() => setPointed(undefined)}
        >
          {[0, top / 2, top].map((value) => (
            <g key={value} class="scale">
              <line x1={LEFT} x2={width} y1={y(value)} y2={y(value)} />
              <text x={LEFT - 6} y={y(value) + 4} text-anchor="end">
                {number(value)}
              </text>
            </g>
          ))}
          {days.map(({ day: name, values }, index) => (
            <g key={name} class={pointed === undefined || pointed === index ? undefined : 'dim'}>
              {values.map((value, series) => {
                const below = values.slice(0, series).reduce((all, other) => all + other, 0);
                const height = y(below) - y(below + value);
                return (
                  height > 0 && (
                    <rect
                      key={series}
                      class={`s${series}`}
                      x={LEFT + index * slot + slot * 0.12}
                      width={Math.max(1, slot * 0.76)}
                      y={y(below) - Math.max(height, 1)}
                      height={Math.max(height, 1)}
                      rx={1}
                    />
                  )
                );
              })}
            </g>
          ))}
          {labelled(days.length, width).map((index) => (
            <text
              key={index}
              class="date"
              x={LEFT + (index + 0.5) * slot}
              y={HEIGHT - 4}
              text-anchor={index === days.length - 1 ? 'end' : 'middle'}
            >
              {dayInWords(days[index]?.day ?? '', SHORT)}
            </text>
          ))}
        </svg>
      </div>
      <DayTable title={title} series={series} days={days} />
    </section>
  );
}

const LONG = { weekday: 'short', day: 'numeric', month: 'long' } as const;
const SHORT = { day: 'numeric', month: 'short' } as const;

function DayTable({ title, series, days }: ChartProps) {
  return (
    <details>
      <summary>{texts.asTable}</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={title}>
        <table>
          <thead>
            <tr>
              <th scope="col">{texts.day}</th>
              {series.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {days.toReversed().map(({ day, values }) => (
              <tr key={day}>
                <th scope="row">{dayInWords(day, LONG)}</th>
                {values.map((value, index) => (
                  <td key={index}>{number(value)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(480);
  useEffect(() => {
    if (!box.current) return undefined;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [width, box] as const;
}

const sum = ({ values }: Day) => values.reduce((all, value) => all + value, 0);

/** The next number above that halves well: 2, 4, 10, 20, 40, 100 … */
function niceTop(value: number): number {
  let top = 2;
  for (let step = 0; top < value; step++) top *= [2, 2.5, 2][step % 3] ?? 2;
  return top;
}

/** The days that have room for their date. */
function labelled(days: number, width: number): number[] {
  const step = Math.max(1, Math.ceil(days / Math.max(2, Math.floor((width - LEFT) / 90))));
  return Array.from({ length: days }, (_, index) => index).filter((index) => (days - 1 - index) % step === 0);
}
