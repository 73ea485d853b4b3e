/** Connections to the database, of this process. */
export class PoolDto {
  /** How many there may be. */
  max: number;
  open: number;
  idle: number;
  /** Statements that wait for one. */
  waiting: number;
}

/** A change of the schema that this version brings. */
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

/** A setting as it is in effect. */
export class SettingDto {
  /** @example "PORT" */
  name: string;
  /** null when it isn't set, or when it is a secret. @example "8000" */
  value: string | null;
  /** @example "default" */
  source: 'default' | 'environment';
  /** Whether it may open something: then only its source says that it is set. */
  is_secret: boolean;
}

/** What the doctor found: all well, worth a thought, or to be put right. */
export class FindingDto {
  verdict: 'good' | 'doubtful' | 'bad';
  /** @example "All 8 migrations are applied." */
  text: string;
  /** What to do about it. @example "Set the network of your balancer." */
  remedy: string | null;
}

/** How this server is set up, and how it is. */
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
  /** Whether this process is about to end. */
  is_draining: boolean;
  pool: PoolDto;
  /** The oldest first. */
  migrations: MigrationDto[];
  signing_keys: SigningKeyDto[];
  settings: SettingDto[];
  findings: FindingDto[];
}
