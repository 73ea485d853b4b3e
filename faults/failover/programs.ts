import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

const DEBIAN = '/usr/lib/postgresql'; // a folder for each major version
const NEEDED = { patroni: 'patroni', etcd: 'etcd-server', haproxy: 'haproxy' };

/** Where the programs of a cluster are installed. */
export interface Programs {
  patroni: string;
  etcd: string;
  haproxy: string;
  /** The folder of PostgreSQL's own. */
  postgres: string;
  /** Which of etcd's interfaces Patroni is to speak: before 3.0.3, by the newer one, a frozen leader takes its lock back. */
  etcdVersion: 'ETCD' | 'ETCD3';
}

/** The programs, or the names of Debian's packages that are missing. */
export function findPrograms(): Programs | string[] {
  const postgres = findPostgres();
  const found = Object.keys(NEEDED).map((name) => [name, findProgram(name)] as const);
  const missing = found.filter(([, file]) => !file).map(([name]) => NEEDED[name as keyof typeof NEEDED]);
  if (!postgres) missing.push('postgresql');
  if (missing.length > 0 || !postgres) return missing;
  const files = Object.fromEntries(found) as Record<keyof typeof NEEDED, string>;
  return { ...files, postgres, etcdVersion: speaksEtcd3(files.patroni) ? 'ETCD3' : 'ETCD' };
}

function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
}

/** The newest PostgreSQL that has pg_basebackup and pg_rewind, which the embedded one lacks. */
function findPostgres(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const onPath = findProgram('pg_rewind');
  const folders = [...versions.map((version) => path.join(DEBIAN, version, 'bin')), ...(onPath ? [path.dirname(onPath)] : [])]; // prettier-ignore
  return folders.find((folder) => existsSync(path.join(folder, 'pg_rewind')) && existsSync(path.join(folder, 'postgres'))); // prettier-ignore
}

function speaksEtcd3(patroni: string): boolean {
  const version = execFileSync(patroni, ['--version'], { encoding: 'utf8' }).replace(/^\D+/, '').trim();
  return version.localeCompare('3.0.3', 'en', { numeric: true }) >= 0;
}
