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
  [t.migrations, t.applied(migrations.filter(({ applied }) => applied).length, migrations.length)],
];

const Section = ({ title, facts }: { title: string; facts: Fact[] }) => (
  <section class="card">
    <h2>{title}</h2>
    <Facts facts={facts} />
  </section>
);

/** What is to be looked at first; what is fine only on demand. */
function Findings({ findings }: Pick<System, 'findings'>) {
  const [fine, others] = [true, false].map((isFine) =>
    findings.filter(({ verdict }) => (verdict === 'good') === isFine),
  );
  return (
    <section class="card">
      <h2>{t.findings}</h2>
      <FindingList findings={others ?? []} />
      <details>
        <summary>{t.fine(fine?.length ?? 0)}</summary>
        <FindingList findings={fine ?? []} />
      </details>
    </section>
  );
}

const FindingList = ({ findings }: Pick<System, 'findings'>) => (
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
);

/** Those that somebody has set come first. */
const RANK = { environment: 0, default: 1 };

function Settings({ settings }: Pick<System, 'settings'>) {
  return (
    <section>
      <h2>{t.settings}</h2>
      <p class="muted">{t.settingsHint}</p>
      <Table
        caption={t.settings}
        rows={settings.toSorted((one, other) => RANK[one.source] - RANK[other.source])}
        idOf={({ name }) => name}
        columns={[
          { key: 'setting', head: t.name, isName: true, cell: ({ name }) => <code>{name}</code> },
          {
            key: 'value',
            head: t.value,
            cell: ({ value, source }) => value ?? (source === 'environment' ? t.set : t.notSet),
          },
          { key: 'source', head: t.source, cell: ({ source }) => t.sources[source] },
        ]}
      />
    </section>
  );
}
