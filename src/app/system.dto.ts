/** Connections to the database, of this process. */
export class PoolDto {
  /** Most connections of the pool (`DB_POOL_MAX`). */
  max: number;
  open: number;
  idle: number;
  /** Statements that wait for a connection. */
  waiting: number;
}

/** A migration of this version. */
export class MigrationDto {
  /** @example "UsersAndSessions1763700000000" */
  name: string;
  applied: boolean;
}

/** A key that tokens are signed or verified with. */
export class SigningKeyDto {
  /** @example "q0Zkx3vYb1m9Lw2c" */
  kid: string;
  /** @example "HS256" */
  alg: string;
  /** Whether new tokens are signed with it. */
  signs: boolean;
}

/** An effective setting. */
export class SettingDto {
  /** @example "PORT" */
  name: string;
  /** null when it isn't set, or when it is a secret. @example "8000" */
  value: string | null;
  /** @example "default" */
  source: 'default' | 'environment';
  /** Whether the value is secret: then only its source is shown. */
  is_secret: boolean;
}

/** A finding of the doctor: `good`, `doubtful` or `bad`. */
export class FindingDto {
  verdict: 'good' | 'doubtful' | 'bad';
  /** @example "All 8 migrations are applied." */
  text: string;
  /** How to mend it. @example "Set the network of your balancer." */
  remedy: string | null;
}

/** The configuration and state of this server. */
export class SystemDto {
  /** The version of UserHub. @example "0.1.0" */
  build: string;
  /** The version of Node.js. @example "24.1.0" */
  node: string;
  /** The version of the database. @example "18.0" */
  postgresql: string;
  /** @example "production" */
  environment: string;
  started_at: Date;
  /** Whether this process is shutting down. */
  is_draining: boolean;
  pool: PoolDto;
  /** Oldest first. */
  migrations: MigrationDto[];
  signing_keys: SigningKeyDto[];
  settings: SettingDto[];
  findings: FindingDto[];
}
