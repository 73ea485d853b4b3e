import { useEffect, useState } from 'preact/hooks';
import { texts } from '../texts.ts';

const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const DAY_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const NUMBER = new Intl.NumberFormat();

const [MINUTE, HOUR, DAYS] = [60, 3600, 86_400];

/** A number as the viewer writes it. */
export const number = (value: number): string => NUMBER.format(value);

/** The zone that the viewer lives in. */
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** A day and a time, as for a deadline. */
export const dayAndTime = (time: string): string => DAY_TIME.format(new Date(time));

/** How long ago, or in how long; beyond a week the day. */
export function relative(time: string, now = Date.now()): string {
  const seconds = (Date.parse(time) - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return texts.now;
  if (size < 45 * MINUTE) return RELATIVE.format(Math.round(seconds / MINUTE), 'minute');
  if (size < 22 * HOUR) return RELATIVE.format(Math.round(seconds / HOUR), 'hour');
  if (size < 7 * DAYS) return RELATIVE.format(Math.round(seconds / DAYS), 'day');
  return DAY.format(new Date(time));
}

/** A time as people say it, exact when they point at it; `never` where there is none. */
export function When({ at, never = texts.never }: { at: string | null | undefined; never?: string }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (!at) return <span class="muted">{never}</span>;
  return (
    <time dateTime={at} title={EXACT.format(new Date(at))}>
      {relative(at)}
    </time>
  );
}

/** `2026-11-26`, of the viewer's day so many days ago. */
export function dayBefore(days: number): string {
  const date = new Date();
  date.setDate(date.getDate() - days);
  return localDay(date);
}

const localDay = (date: Date) =>
  [date.getFullYear(), String(date.getMonth() + 1).padStart(2, '0'), String(date.getDate()).padStart(2, '0')].join('-');

/** The moment at which a day of the viewer's begins, or the one after it. */
export function startOf(day: string, plus = 0): string | undefined {
  const [year = NaN, month = NaN, date = NaN] = day.split('-').map(Number);
  const moment = new Date(year, month - 1, date + plus);
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}

/** A day of the viewer's, such as `2026-11-26`, in words. */
export const dayInWords = (day: string, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(undefined, { ...options, timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`));
