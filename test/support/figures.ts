import { appendFileSync } from 'node:fs';

/** Notes what was measured, one line of JSON each, in the file that TEST_FIGURES names, if it names one. */
export function figure(name: string, value: unknown): void {
  const file = process.env['TEST_FIGURES'];
  if (file) appendFileSync(file, `${JSON.stringify({ name, value })}\n`);
}
