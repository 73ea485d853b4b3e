import { Events } from './activity/events.tsx';
import { get } from './hub.ts';
import { texts } from './texts.ts';
import type { DailyFigures, Event, Page, Stats, System } from './types.ts';
import { Chart } from './ui/chart.tsx';
import { Shown, useLoaded } from './ui/loaded.tsx';
import { Facts, PageHead } from './ui/pieces.tsx';
import { href, type Route, withQuery } from './ui/router.ts';
import { dayBefore, number, ZONE } from './ui/when.tsx';

const RANGES = [7, 30, 90];
const t = texts.overview;

/** How many there are, how it went these days, and what happened last. */
export function Overview({ route }: { route: Route }) {
  const asked = Number(route.query.get('days'));
  const days = RANGES.includes(asked) ? asked : 30;
  const stats = useLoaded((signal) => get<Stats>('/api/stats', {}, signal), []);
  const daily = useLoaded((signal) => figures(days, signal), [days]);
  const latest = useLoaded((signal) => get<Page<Event>>('/api/audit-events', { limit: 10 }, signal), []);
  const activeToday = daily.data?.at(-1)?.active_users;
  return (
    <>
      <PageHead title={t.title}>
        <nav class="segments" aria-label={t.range}>
          {RANGES.map((range) => (
            <a key={range} href={withQuery(route, { days: range })} aria-current={range === days ? 'true' : undefined}>
              {texts.days(range)}
            </a>
          ))}
        </nav>
      </PageHead>
      <Shown of={stats} lines={2}>
        {(found) => <Tiles stats={found} activeToday={activeToday} />}
      </Shown>
      <Shown of={daily} lines={6}>
        {(items) => (
          <div class="two">
            <Chart
              title={t.signUps}
              series={[t.signUpSeries]}
              days={items.map(({ day, sign_ups }) => ({ day, values: [sign_ups] }))}
            />
            <Chart
              title={t.signIns}
              series={[t.goodSeries, t.failedSeries]}
              days={items.map(({ day, sign_ins, failed_sign_ins }) => ({ day, values: [sign_ins, failed_sign_ins] }))}
            />
          </div>
        )}
      </Shown>
      <div class="wide-and-narrow">
        <section>
          <div class="head-row">
            <h2>{t.latest}</h2>
            <a href="#/activity">{t.all}</a>
          </div>
          <Shown of={latest} lines={8}>
            {({ items }) => <Events events={items} />}
          </Shown>
        </section>
        <Health />
      </div>
    </>
  );
}

/** Tiles lead to the list of those that they count. */
function Tiles({ stats, activeToday }: { stats: Stats; activeToday: number | undefined }) {
  const tiles = [
    [t.tiles.users, stats.total, href(['users'])],
    [t.tiles.fresh, stats.new_7_days, href(['users'], { from: dayBefore(7) })],
    [t.tiles.today, activeToday, href(['users'], { seen: dayBefore(0), sort: '-last_login_at' })],
    [t.tiles.locked, stats.locked, href(['users'], { state: 'locked' })],
    [t.tiles.deactivated, stats.deactivated, href(['users'], { state: 'deactivated' })],
    [t.tiles.deleted, stats.deleted, href(['users'], { state: 'deleted' })],
  ] as const;
  return (
    <ul class="tiles">
      {tiles.map(([name, value, address]) => (
        <li key={name}>
          <a class="card" href={address}>
            <span>{name}</span>
            <b>{value === undefined ? '–' : number(value)}</b>
          </a>
        </li>
      ))}
    </ul>
  );
}

async function figures(days: number, signal: AbortSignal): Promise<DailyFigures[]> {
  const query = { since: dayBefore(days - 1), until: dayBefore(0), tz: ZONE };
  return (await get<{ items: DailyFigures[] }>('/api/stats/daily', query, signal)).items;
}

/** Whether all is well with the server, in a few words. */
function Health() {
  const system = useLoaded((signal) => get<System>('/api/system', {}, signal), []);
  return (
    <section>
      <div class="head-row">
        <h2>{t.health}</h2>
        <a href="#/system">{texts.nav.system}</a>
      </div>
      <Shown of={system} lines={4}>
        {({ build, postgresql, migrations, findings, is_draining }) => {
          const pending = migrations.filter(({ applied }) => !applied).length;
          const troubles = findings.filter(({ verdict }) => verdict !== 'good').length;
          return (
            <div class="card">
              <Facts
                facts={[
                  [t.facts.version, build],
                  [t.facts.database, postgresql],
                  [t.facts.migrations, pending ? bad(t.pending(pending)) : t.applied],
                  [t.facts.replica, is_draining ? bad(t.draining) : t.serving],
                  [t.facts.findings, troubles ? bad(t.troubles(troubles)) : t.noTroubles],
                ]}
              />
            </div>
          );
        }}
      </Shown>
    </section>
  );
}

const bad = (words: string) => <b class="error">{words}</b>;
