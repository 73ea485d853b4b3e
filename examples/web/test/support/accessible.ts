import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SCHEMES: ('light' | 'dark')[] = ['light', 'dark'];
/** A folder for pictures of every page; none are taken without. */
const SCREENSHOTS = process.env['SCREENSHOTS'];

/** Has axe look at a page in light and dark, and takes pictures. @param name of the pictures */
export async function assertAccessible(page: Page, name: string, schemes = SCHEMES): Promise<void> {
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    if (SCREENSHOTS)
      await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${colorScheme}.png`), fullPage: true });
    await page.evaluate(AXE);
    const { violations } = await page.evaluate<AxeResults>('axe.run()');
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    assert.deepEqual(found, [], `${name}, ${colorScheme}`);
  }
}

/** The same on a phone, where nothing may be wider than the screen. */
export async function assertFitsPhone(page: Page, name: string): Promise<void> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 375, height: 740 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${name} is ${overflow} pixels too wide`);
  await assertAccessible(page, `phone-${name}`, ['light']);
  if (before) await page.setViewportSize(before);
}
