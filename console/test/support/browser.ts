import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { ADMIN } from './world.ts';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** A folder for pictures of every page; none are taken without. */
const SCREENSHOTS = process.env['SCREENSHOTS'];
if (SCREENSHOTS) await mkdir(SCREENSHOTS, { recursive: true });

export const DESKTOP = { width: 1366, height: 850 };
export const PHONE = { width: 390, height: 844 };

/** What a page said that it should not have: errors, and what its policy had to stop. */
export const complaints: string[] = [];

/** Opens a page of the console in a profile of its own; requests to anywhere else are stopped, and complained about. */
export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: 'reduce', locale: 'en-GB', ...options });
  await context.route(
    (address) => address.origin !== new URL(url).origin && /^https?:$/.test(address.protocol),
    (route) => {
      const request = route.request();
      // pictures of people may be anywhere
      if (request.resourceType() !== 'image') complaints.push(`a request to ${request.url()}`);
      return route.abort();
    },
  );
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error(`policy: ${violatedDirective} ${blockedURI}`),
    );
  });
  return tab(await context.newPage(), url);
}

/** The same in a tab that is there already. */
export async function tab(page: Page, url: string): Promise<Page> {
  page.setDefaultTimeout(10_000);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // answers that aren't 2xx are part of the stories
    if (message.type() === 'error' && !message.text().startsWith('Failed to load')) complaints.push(message.text());
  });
  await page.goto(url);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

/** Signs in, as the first admin unless said, and waits for the page that was asked for. */
export async function signIn(page: Page, name = ADMIN.username, password = ADMIN.password): Promise<void> {
  await page.getByLabel('E-mail address or username').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor({ state: 'attached' });
}

/** Waits until nothing is on its way any more. */
export async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle');
  await page.locator('.skeleton, .shown[aria-busy=true]').first().waitFor({ state: 'detached' });
}

const SIZES = { desktop: DESKTOP, phone: PHONE };

/** Looks at a page in both schemes and at both sizes: nothing for axe to find, nothing wider than the screen. */
export async function inspect(page: Page, name: string): Promise<void> {
  const was = page.viewportSize() ?? DESKTOP;
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await settled(page);
      const at = `${name}-${size}-${colorScheme}`;
      const isDialog = (await page.locator('dialog[open]').count()) > 0;
      if (SCREENSHOTS)
        await page.screenshot({
          path: path.join(SCREENSHOTS, `${at}.png`),
          fullPage: !isDialog,
          animations: 'disabled',
        });
      await page.evaluate(`${AXE};0`);
      const { violations } = await page.evaluate<AxeResults>('axe.run()');
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      assert.deepEqual(found, [], at);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${at} is ${overflow} pixels too wide`);
    }
  }
  await page.setViewportSize(was);
  await page.emulateMedia({ colorScheme: 'light' });
}
