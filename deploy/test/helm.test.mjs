// Renders the chart with Helm itself and holds what comes out to Kubernetes' own types.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { problemsOf } from './support/kubernetes.mjs';
import { HELM, helm, render } from './support/helm.mjs';

const SECRETS = { DATABASE_URL: 'postgresql://hub:p%40ss@db:5432/hub', JWT_SECRET_KEY: 'x'.repeat(48) };
const MINIMAL = { secrets: SECRETS };
const EVERYTHING = {
  image: {
    repository: 'registry.example.com/userhub',
    tag: '1.2.3',
    digest: `sha256:${'a'.repeat(64)}`,
    pullSecrets: [{ name: 'registry' }],
  },
  env: { CORS_ORIGINS: 'https://app.example.com', DB_POOL_MAX: 5, THROTTLE: true, HOST: '::' },
  database: { caSecret: 'database-ca', caKey: 'root.pem' },
  extraVolumes: [{ name: 'more', configMap: { name: 'more' } }],
  extraVolumeMounts: [{ name: 'more', mountPath: '/etc/more', readOnly: true }],
  secrets: { ...SECRETS, DATABASE_URL_DIRECT: 'postgresql://db:5432/hub' },
  shutdownDelaySeconds: 20,
  service: { type: 'LoadBalancer', port: 8080, annotations: { a: 'b' } },
  ingress: { enabled: true, className: 'nginx', host: 'api.example.com', paths: [{ path: '/api' }, { path: '/health', pathType: 'Exact' }], tlsSecret: 'tls', annotations: { a: 'b' } }, // prettier-ignore
  podDisruptionBudget: { maxUnavailable: '30%' },
  networkPolicy: {
    from: [{ podSelector: {} }],
    metricsFrom: [{ namespaceSelector: {} }],
    databasePorts: [5433],
    egress: {
      smtp: { ports: [587, 465], to: [{ ipBlock: { cidr: '192.0.2.0/24' } }] },
      providers: { ports: [443] },
      webhooks: { ports: [8443] },
      breachedPasswords: { ports: [444] },
      extra: [{ ports: [{ port: 4318 }], to: [{ podSelector: { matchLabels: { app: 'collector' } } }] }],
    },
  },
  autoscaling: { maxReplicas: 8, targetWaitingHashes: 4, targetWaitingStatements: 10 },
  readiness: { databaseAwaySeconds: 33 },
  metrics: { enabled: true, serviceMonitor: { enabled: true, labels: { release: 'prometheus' } } },
  serviceAccount: { annotations: { a: 'b' } },
  podAnnotations: { a: 'b' },
  podLabels: { team: 'accounts' },
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'spot', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  topologySpreadConstraints: [{ topologyKey: 'rack', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule' }],
  priorityClassName: 'high',
};
const BARE = {
  existingSecret: 'mine',
  autoscaling: { enabled: false },
  podDisruptionBudget: { enabled: false },
  networkPolicy: { enabled: false },
  migrations: { job: false },
};

const only = (manifests, kind, name = '') => {
  const found = manifests.filter((one) => one.kind === kind && one.metadata.name.endsWith(name));
  assert.equal(found.length, 1, `${found.length} × ${kind} ${name}`);
  return found[0];
};
const kinds = (manifests) => manifests.map(({ kind }) => kind).sort();
const container = (workload) => workload.spec.template.spec.containers[0];
const envOf = (workload) => Object.fromEntries((container(workload).env ?? []).map(({ name, value }) => [name, value]));

describe('the chart', { skip: HELM ? false : 'there is no helm for this machine' }, () => {
  let minimal, everything, bare;
  before(async () => {
    [minimal, everything, bare] = await Promise.all([MINIMAL, EVERYTHING, BARE].map((values) => render(values)));
  });

  it('passes helm lint --strict', async () => {
    for (const values of [MINIMAL, EVERYTHING, BARE]) await helm(['lint', '--strict', '.'], values);
  });

  it('renders what Kubernetes knows, and nothing else', async () => {
    assert.deepEqual(await problemsOf([...minimal, ...everything, ...bare]), []);
    const misspelt = structuredClone(only(minimal, 'Deployment'));
    container(misspelt).livenessProbe.periodSecond = 1;
    container(misspelt).ports[0].containerPort = '8000';
    const problems = (await problemsOf([misspelt])).join('\n');
    assert.match(problems, /'"periodSecond"' does not exist in type 'IProbe'/);
    assert.match(problems, /containerPort.* must be integer/);
  });

  it('has all parts', () => {
    const parts = ['Deployment', 'HorizontalPodAutoscaler', 'Job', 'NetworkPolicy', 'NetworkPolicy', 'PodDisruptionBudget', 'Secret', 'Secret', 'Service', 'ServiceAccount']; // prettier-ignore
    assert.deepEqual(kinds(minimal), parts);
    assert.deepEqual(kinds(everything), [...parts, 'Ingress', 'Service', 'ServiceMonitor'].sort());
    assert.deepEqual(kinds(bare), ['Deployment', 'Service', 'ServiceAccount']);
  });

  it('insists on its secrets', async () => {
    await assert.rejects(render({}), /Set secrets\.DATABASE_URL, or existingSecret/);
    await assert.rejects(render({ secrets: { DATABASE_URL: 'x' } }), /Set secrets\.JWT_SECRET_KEY/);
  });

  it('refuses values that it does not know', async () => {
    await assert.rejects(render({ ...MINIMAL, replicaCount: 3 }), /replicaCount/);
    await assert.rejects(render({ ...MINIMAL, env: { PORT: '1' } }), /PORT/);
    await assert.rejects(render({ ...MINIMAL, ingress: { enabled: true } }), /host/);
  });

  it('keeps secrets in Secrets', () => {
    for (const manifest of everything.filter(({ kind }) => kind !== 'Secret')) {
      for (const secret of Object.values(EVERYTHING.secrets)) assert.ok(!JSON.stringify(manifest).includes(secret));
    }
    const secret = only(everything, 'Secret', 'userhub');
    assert.deepEqual(secret.stringData, EVERYTHING.secrets);
    assert.equal(container(only(everything, 'Deployment')).envFrom[0].secretRef.name, secret.metadata.name);
    assert.equal(container(only(bare, 'Deployment')).envFrom[0].secretRef.name, 'mine');
  });

  it('restarts the replicas when a secret changes', async () => {
    const changed = await render({ secrets: { ...SECRETS, JWT_SECRET_KEY: 'y'.repeat(48) } });
    const checksum = (manifests) => only(manifests, 'Deployment').spec.template.metadata.annotations['checksum/secret'];
    assert.notEqual(checksum(changed), checksum(minimal));
  });

  it('migrates first, in a Job with a secret that is there by then', () => {
    const [job, secret] = [only(minimal, 'Job'), only(minimal, 'Secret', '-migrate')];
    const hook = ({ metadata: { annotations } }) => annotations['helm.sh/hook'];
    const weight = ({ metadata: { annotations } }) => Number(annotations['helm.sh/hook-weight']);
    assert.equal(hook(job), 'pre-install,pre-upgrade');
    assert.equal(hook(secret), hook(job));
    assert.ok(weight(secret) < weight(job));
    assert.equal(container(job).envFrom[0].secretRef.name, secret.metadata.name);
    assert.deepEqual(secret.stringData, SECRETS);
    assert.deepEqual(container(job).command, ['node', 'dist/src/cli/main.js', 'migrate']);
    assert.equal(job.spec.template.spec.serviceAccountName, undefined); // not there yet
    assert.equal(envOf(only(minimal, 'Deployment')).MIGRATE_ON_START, 'false');
    assert.equal(envOf(only(bare, 'Deployment')).MIGRATE_ON_START, 'true');
  });

  it('replaces replicas without losing requests', () => {
    for (const manifests of [minimal, everything]) {
      const { spec } = only(manifests, 'Deployment');
      const delay = Number(envOf({ spec }).SHUTDOWN_DELAY_SECONDS);
      assert.ok(spec.template.spec.terminationGracePeriodSeconds > delay + 15);
      assert.deepEqual(spec.strategy.rollingUpdate, { maxUnavailable: 0, maxSurge: '25%' });
      const { startupProbe, livenessProbe, readinessProbe } = container({ spec });
      assert.equal(readinessProbe.httpGet.path, '/health/ready');
      assert.deepEqual([startupProbe, livenessProbe].map(({ httpGet }) => httpGet.path), ['/health/live', '/health/live']); // prettier-ignore
    }
  });

  it('runs with as few rights as there are', () => {
    for (const workload of [...minimal, ...bare].filter(({ spec }) => spec?.template)) {
      const pod = workload.spec.template.spec;
      assert.equal(pod.automountServiceAccountToken, false);
      assert.deepEqual(pod.securityContext, {
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = container(workload).securityContext;
      assert.deepEqual([allowPrivilegeEscalation, readOnlyRootFilesystem], [false, true]);
      assert.deepEqual(capabilities, { drop: ['ALL'] });
      assert.ok(container(workload).resources.limits.memory);
    }
  });

  it('finds its own pods by its labels, and only the replicas', () => {
    const { labels } = only(everything, 'Deployment').spec.template.metadata;
    const selects = (selector, target) => Object.entries(selector).every(([key, value]) => target[key] === value);
    const selectors = [
      only(everything, 'Deployment').spec.selector.matchLabels,
      only(everything, 'Service', 'userhub').spec.selector,
      only(everything, 'Service', '-metrics').spec.selector,
      only(everything, 'PodDisruptionBudget').spec.selector.matchLabels,
      only(everything, 'NetworkPolicy', 'userhub').spec.podSelector.matchLabels,
      ...only(everything, 'Deployment').spec.template.spec.topologySpreadConstraints.map(
        ({ labelSelector }) => labelSelector.matchLabels,
      ),
    ];
    for (const selector of selectors) {
      assert.ok(selects(selector, labels));
      assert.ok(!selects(selector, only(everything, 'Job').spec.template.metadata.labels));
    }
    const scraped = only(everything, 'ServiceMonitor').spec.selector.matchLabels;
    const services = everything.filter(({ kind, metadata }) => kind === 'Service' && selects(scraped, metadata.labels));
    assert.deepEqual(services.map(({ spec }) => spec.ports[0].targetPort), ['metrics']); // prettier-ignore
  });

  it('scales and routes to what there is', () => {
    const deployment = only(everything, 'Deployment');
    assert.equal(only(everything, 'HorizontalPodAutoscaler').spec.scaleTargetRef.name, deployment.metadata.name);
    assert.equal(deployment.spec.replicas, undefined); // the autoscaler's to say
    assert.equal(only(bare, 'Deployment').spec.replicas, 2);
    const service = only(everything, 'Service', 'userhub');
    const { backend } = only(everything, 'Ingress').spec.rules[0].http.paths[0];
    assert.equal(backend.service.name, service.metadata.name);
    assert.equal(backend.service.port.name, service.spec.ports[0].name);
    assert.equal(envOf(deployment).METRICS_PORT, '9464');
    assert.equal(envOf(only(minimal, 'Deployment')).METRICS_PORT, undefined);
  });

  it('scales by what waits, too, where it is told to, by the names that the metrics have', async () => {
    const { metrics } = only(everything, 'HorizontalPodAutoscaler').spec;
    const folder = new URL('../../src/metrics/', import.meta.url);
    const source = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8')).join('\n'); // prettier-ignore
    assert.deepEqual(
      metrics.flatMap(({ pods }) => (pods ? [pods] : [])),
      [
        {
          metric: { name: 'userhub_bcrypt_jobs', selector: { matchLabels: { state: 'waiting' } } },
          target: { type: 'AverageValue', averageValue: '4' },
        },
        { metric: { name: 'userhub_db_pool_waiting' }, target: { type: 'AverageValue', averageValue: '10' } },
      ],
    );
    for (const { pods } of metrics) if (pods) assert.ok(source.includes(`name: '${pods.metric.name}'`));
    assert.deepEqual(only(minimal, 'HorizontalPodAutoscaler').spec.metrics.map(({ type }) => type), ['Resource']); // prettier-ignore
    await assert.rejects(render({ ...MINIMAL, autoscaling: { targetWaitingHashes: 4 } }), /set metrics\.enabled/);
  });

  it('adds up the connections, and refuses more than the database has', async () => {
    const fixed = (replicas, more = {}) => ({ ...MINIMAL, autoscaling: { enabled: false }, replicas, ...more });
    const has = (maxConnections) => ({ database: { maxConnections } });
    await render({ ...MINIMAL, ...has(66) }); // 6 replicas at most, with 10 + 1 each
    await assert.rejects(
      render({ ...MINIMAL, ...has(65) }),
      /6 replicas open up to 66 connections .*database\.maxConnections is 65/,
    );
    await render(fixed(3, has(33)));
    await assert.rejects(render(fixed(3, has(32))), /3 replicas open up to 33 connections/);
    await render(fixed(3, { ...has(18), env: { DB_POOL_MAX: 5 } }));
    await assert.rejects(render(fixed(3, { ...has(17), env: { DB_POOL_MAX: '5' } })), /up to 18/);
    await assert.rejects(render(fixed(2, { ...has(40), env: { WEB_CONCURRENCY: 2 } })), /up to 44/);
    await render(fixed(500)); // nobody has told how many there are
  });

  it('tells of connections, and of what the network policy keeps from it, in its notes', async () => {
    const notes = async (values) =>
      (await helm(['install', 'demo', '.', '--dry-run=client'], values)).split('NOTES:')[1];
    const plain = await notes(MINIMAL);
    assert.match(plain, /6 replicas open up to 66 \(11 each\), and 88 during an update\. The database must allow/);
    assert.match(plain, /New passwords are checked against known breaches/);
    assert.match(
      await notes({ ...MINIMAL, database: { maxConnections: 80 } }),
      /more\nthan database\.maxConnections \(80\)/,
    );
    assert.match(await notes({ ...MINIMAL, database: { maxConnections: 100 } }), /It has 100\./);
    const open = { networkPolicy: { egress: { breachedPasswords: { ports: [443] } } } };
    for (const values of [open, { env: { BREACHED_PASSWORDS: 'off' } }, { networkPolicy: { enabled: false } }]) {
      assert.doesNotMatch(await notes({ ...MINIMAL, ...values }), /New passwords/);
    }
  });

  it('keeps replicas in the Service while a database fails over', () => {
    const seconds = (manifests) => {
      const { periodSeconds, failureThreshold } = container(only(manifests, 'Deployment')).readinessProbe;
      return periodSeconds * failureThreshold;
    };
    assert.equal(seconds(minimal), 60); // a failover takes about 20
    assert.equal(seconds(everything), 35);
  });

  it('lets nobody scrape who was not named', async () => {
    const [, metrics] = only(everything, 'NetworkPolicy', 'userhub').spec.ingress;
    assert.deepEqual(metrics, { ports: [{ port: 'metrics' }], from: [{ namespaceSelector: {} }] });
    const closed = await render({ ...MINIMAL, metrics: { enabled: true } });
    assert.deepEqual(only(closed, 'NetworkPolicy', 'userhub').spec.ingress, [{ ports: [{ port: 'http' }] }]);
  });

  it('listens on IPv6 where it is told to, and on IPv4 otherwise', () => {
    assert.equal(envOf(only(everything, 'Deployment')).HOST, '::');
    assert.equal(envOf(only(minimal, 'Deployment')).HOST, '0.0.0.0');
    const names = container(only(everything, 'Deployment')).env.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });

  it('takes an image by its digest', () => {
    for (const kind of ['Deployment', 'Job']) {
      const { image } = container(only(everything, kind));
      assert.equal(image, `registry.example.com/userhub:1.2.3@sha256:${'a'.repeat(64)}`);
    }
  });

  it('mounts what it is given, in the replicas and in the Job: the authority of the database above all', () => {
    for (const workload of [only(everything, 'Deployment'), only(everything, 'Job')]) {
      const { volumes } = workload.spec.template.spec;
      const { volumeMounts } = container(workload);
      assert.deepEqual(volumes.map(({ name }) => name), ['tmp', 'database-ca', 'more']); // prettier-ignore
      assert.deepEqual(volumeMounts.map(({ name }) => name), ['tmp', 'database-ca', 'more']); // prettier-ignore
      assert.equal(volumes[1].secret.secretName, 'database-ca');
      const { mountPath } = volumeMounts[1];
      assert.equal(envOf(workload).PGSSLROOTCERT, `${mountPath}/${volumes[1].secret.items[0].path}`);
    }
    assert.equal(envOf(only(minimal, 'Deployment')).PGSSLROOTCERT, undefined);
  });

  it('leads those paths to it that it is told to', () => {
    const paths = only(everything, 'Ingress').spec.rules[0].http.paths.map(({ path, pathType }) => [path, pathType]);
    assert.deepEqual(paths, [['/api', 'Prefix'], ['/health', 'Exact']]); // prettier-ignore
  });

  it('spreads as it is told to', async () => {
    const spread = (manifests) => only(manifests, 'Deployment').spec.template.spec.topologySpreadConstraints;
    const { matchLabels } = only(everything, 'Deployment').spec.selector;
    assert.deepEqual(spread(everything), [
      { topologyKey: 'rack', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels } },
    ]);
    assert.deepEqual(spread(minimal).map(({ topologyKey }) => topologyKey), ['kubernetes.io/hostname', 'topology.kubernetes.io/zone']); // prettier-ignore
    assert.equal(spread(await render({ ...MINIMAL, topologySpreadConstraints: [] })), undefined);
  });

  it('reaches the database, and nothing else that was not opened; the Job too, and before the release is there', () => {
    const rules = (name, manifests) => only(manifests, 'NetworkPolicy', name).spec.egress;
    const portsOf = (egress) => egress.map(({ ports }) => ports.map(({ port }) => port));
    assert.deepEqual(portsOf(rules('userhub', minimal)), [[53, 53], [5432, 6543]]); // prettier-ignore
    assert.deepEqual(portsOf(rules('userhub', everything)), [
      [53, 53],
      [5433],
      [587, 465],
      [443],
      [8443],
      [444],
      [4318],
    ]);
    assert.deepEqual(rules('userhub', everything)[2].to, [{ ipBlock: { cidr: '192.0.2.0/24' } }]);
    const policy = only(everything, 'NetworkPolicy', '-migrate');
    const { labels } = only(everything, 'Job').spec.template.metadata;
    for (const [key, value] of Object.entries(policy.spec.podSelector.matchLabels)) assert.equal(labels[key], value);
    assert.deepEqual(portsOf(policy.spec.egress), [[53, 53], [5433]]);
    assert.deepEqual([policy.spec.ingress, policy.spec.policyTypes], [undefined, ['Ingress', 'Egress']]); // nobody calls it
    const hook = ({ metadata: { annotations } }) => [
      annotations['helm.sh/hook'],
      Number(annotations['helm.sh/hook-weight']),
    ];
    const [[when, weight], [jobWhen, jobWeight]] = [policy, only(everything, 'Job')].map(hook);
    assert.ok(when === jobWhen && weight < jobWeight);
  });
});
