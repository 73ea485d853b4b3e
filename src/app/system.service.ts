import { Injectable } from '@nestjs/common';
import { migrations } from '../../migrations/index.js';
import { KeyRing } from '../auth/sessions/keys.js';
import { examineDatabase } from '../cli/doctor.database.js';
import { examineNode, examineSettings } from '../cli/doctor.settings.js';
import type { Finding } from '../cli/findings.js';
import { seconds } from '../config/durations.js';
import { projectVersion } from '../config/project.js';
import { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { Readiness } from '../health/readiness.js';
import type { SystemDto } from './system.dto.js';

const MAX_AGE = seconds(10);
const FACTS = statement(
  'system.facts',
  `SELECT current_setting('server_version') AS version, (SELECT array_agg(name) FROM migrations) AS applied`,
);

/** The configuration and state of this server: the findings of `doctor`, without slow checks. */
@Injectable()
export class SystemService {
  private readonly startedAt = new Date(Date.now() - process.uptime() * 1000);
  private examined: { findings: Promise<Finding[]>; until: number } | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly database: Database,
    private readonly readiness: Readiness,
    private readonly keys: KeyRing,
  ) {}

  async describe(): Promise<SystemDto> {
    const [[facts], findings] = await Promise.all([
      this.database.read<{ version: string; applied: string[] | null }>(FACTS, []),
      this.findings(),
    ]);
    const applied = new Set(facts?.applied);
    const { total, idle, max, waiting } = this.database.stats();
    return {
      build: projectVersion(),
      node: process.versions.node,
      postgresql: facts?.version ?? '',
      environment: this.settings.environment,
      started_at: this.startedAt,
      is_draining: this.readiness.isDraining,
      pool: { max, open: total, idle, waiting },
      migrations: migrations.map(({ name }) => ({ name, applied: applied.has(name) })),
      signing_keys: this.keys.keys.map((key) => ({
        kid: key.id,
        alg: key.algorithm,
        signs: key.id === this.keys.current.id,
      })),
      settings: this.settings.environmentNotes.map(({ isSecret, ...note }) => ({ ...note, is_secret: isSecret })),
      findings: findings.map(({ remedy = null, ...finding }) => ({ ...finding, remedy })),
    };
  }

  /** Cached for a while, as it opens a connection of its own. */
  private findings(): Promise<Finding[]> {
    if (this.examined && this.examined.until > performance.now()) return this.examined.findings;
    const findings = this.examine();
    this.examined = { findings, until: performance.now() + MAX_AGE };
    return findings;
  }

  private async examine(): Promise<Finding[]> {
    return [
      examineNode(process.versions.node),
      ...examineSettings(this.settings),
      ...(await examineDatabase(this.settings)),
    ];
  }
}
