import { setTimeout as delay } from 'node:timers/promises';
import { startApp, type TestApp } from './support/app.js';
import { person, type Person } from './support/people.js';
import { type Proxy, proxyTo } from './support/proxy.js';
import { type Pair, startPair } from './support/standby.js';

/** A primary, a copy of it that is a standby, and an address that leads to one or the other, as a name in DNS does. */
describe('an address that leads to a standby', () => {
  let pair: Pair;
  let way: Proxy;
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    pair = await startPair({ isStreaming: false });
    const { primary } = pair;
    way = await proxyTo(primary.url);
    const sql = <Row extends object>(text: string, values?: unknown[]) => pair.sql<Row>(primary, text, values);
    app = await startApp({ DB_POOL_MAX: '4' }, { url: way.url, sql, drop: () => Promise.resolve() });
    ada = await person(app, 'ada');
  });
  afterAll(async () => {
    await app.close();
    way.close();
    await pair.stop();
  });

  const me = () => ada.api.get('/api/auth/me');

  it('is 503 while there is nothing else, and none of its connections is kept: pool, look-ups, probe', async () => {
    await delay(1_000); // that long the probe's answer is remembered
    way.leadTo(pair.standby.port);
    await delay(100);
    for (let i = 0; i < 10; i++) {
      expect(await me()).toFailWith(503, 'unavailable'); // not 401, though the standby knows nobody yet
      expect(await ada.api.get('/api/users')).toFailWith(503, 'unavailable');
      expect(await app.api.get('/health')).toMatchObject({ status: 503 });
      await delay(150); // look-ups connect again within a second
    }
    expect(await app.api.get('/health/ready')).toMatchObject({
      status: 503,
      body: { error: { database: { status: 'down' } } },
    });
    expect(await pair.connectionsOf(pair.standby)).toBe(0);
  });

  it('works again as soon as it leads to the primary', async () => {
    way.leadTo(pair.primary.port);
    await delay(100);
    for (const start = performance.now(); (await me()).status !== 200; await delay(50)) {
      expect(performance.now() - start).toBeLessThan(2_000);
    }
    expect(await ada.api.patch(`/api/users/${ada.id}`, { display_name: 'Ada' })).toMatchObject({ status: 200 });
    await delay(1_000);
    expect(await app.api.get('/health/ready')).toMatchObject({ status: 200 });
    expect(await pair.connectionsOf(pair.standby)).toBe(0);
  });
});
