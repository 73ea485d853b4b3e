import { BASE, get } from './hub.ts';
import { texts } from './texts.ts';
import type { System } from './types.ts';
import { Shown, useLoaded } from './ui/loaded.tsx';
import { Badge, Button, type Fact, Facts, PageHead } from './ui/pieces.tsx';
import { Table } from './ui/table.tsx';
import { number, When } from './ui/when.tsx';

const t = texts.system;

/** How the server is set up. Nothing is changed here: settings are environment. */
export function SystemPage() {
  const system = useLoaded((signal) => get<System>('/api/system', {}, signal), []);
  return (
    <>
      <PageHead title={t.title}>
        <a href={`${BASE}/docs`}>{t.docs}</a>
        <a href={`${BASE}/openapi.json`}>openapi.json</a>
        <Button act={system.reload}>{texts.reload}</Button>
      </PageHead>
      <Shown of={system} lines={12}>
        {(found) => (
          <>
            <Findings findings={found.findings} />
            <div class="two">
              <Section title={t.server} facts={serverFacts(found)} />
              <Section title={t.database} facts={databaseFacts(found)} />
            </div>
            <Settings settings={found.settings} />
          </>
        )}
      </Shown>
    </>
  );
}

const serverFacts = ({ build, environment, node, started_at, is_draining, signing_keys }: System): Fact[] => [
  [t.version, build],
  [t.environment, environment],
  ['Node.js', node],
  [t.started, <When at={started_at} />],
  [t.state, is_draining ? t.draining : t.serving],
  [t.keys, signing_keys.map(({ kid, alg, signs }) => `${kid} (${alg}${signs ? '' : t.onlyVerifies})`).join(', ')],
];

const databaseFacts = ({ postgresql, pool, migrations }: System): Fact[] => [
  ['PostgreSQL', postgresql],
  [t.connections, t.pool(number(pool.open), number(pool.idle), number(pool.max))],
  [t.waiting, number(pool.waiting)],
  [t.migrations, t.applied(migrations.filter(({ applied }) => applied).length, migrations.length)],
  [t.latest, migrations.at(-1)?.name ?? '–'],
];

const Section = ({ title, facts }: { title: string; facts: Fact[] }) => (
  <section class="card">
    <h2>{title}</h2>
    <Facts facts={facts} />
  </section>
);

function Findings({ findings }: Pick<System, 'findings'>) {
  return (
    <section class="card">
      <h2>{t.findings}</h2>
      <ul class="findings">
        {findings.map(({ verdict, text, remedy }) => (
          <li key={text}>
            <Badge kind={verdict} words={t.levels[verdict]} />
            <span>
              {text} {remedy && <small>{remedy}</small>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Settings({ settings }: Pick<System, 'settings'>) {
  return (
    <section>
      <h2>{t.settings}</h2>
      <p class="muted">{t.settingsHint}</p>
      <Table
        caption={t.settings}
        rows={settings}
        idOf={({ name }) => name}
        columns={[
          { key: 'setting', head: t.name, isName: true, cell: ({ name }) => <code>{name}</code> },
          {
            key: 'value',
            head: t.value,
            cell: ({ value, is_secret }) => (is_secret && value ? t.set : (value ?? t.notSet)),
          },
          { key: 'source', head: t.source, cell: ({ source }) => t.sources[source] },
        ]}
      />
    </section>
  );
}
