import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { World } from './world.js';

/** A way to run out of disk, and out of it again. */
export interface FullDisk {
  how: string;
  /** Puts the posts on it; their number fills it. */
  prepare(): Promise<void>;
  free(): Promise<void>;
}

const TABLESPACE = 'tiny';

/** A real disk of half a MiB under the posts, where this may mount one (root on Linux); else a trigger that says what PostgreSQL would. */
export function fullDisk(world: World): FullDisk {
  const folder = path.join(world.folder, TABLESPACE);
  try {
    const { uid, gid } = statSync(path.join(world.folder, 'postgres'));
    mkdirSync(folder);
    mount('-t', 'tmpfs', '-o', `size=512k,uid=${uid},gid=${gid},mode=700`, 'tmpfs', folder);
    return realDisk(world, folder);
  } catch {
    return pretendedDisk(world);
  }
}

/** Unmounts what was mounted; PostgreSQL must have been stopped. */
export function removeDisk({ folder }: World): void {
  try {
    execFileSync('umount', ['--lazy', path.join(folder, TABLESPACE)], { stdio: 'ignore' });
  } catch {
    // it wasn't mounted
  }
}

function realDisk({ postgres, database }: World, folder: string): FullDisk {
  return {
    how: 'a full disk',
    prepare: async () => {
      await postgres.sql(`CREATE TABLESPACE ${TABLESPACE} LOCATION '${folder}'`);
      await postgres.sql('DELETE FROM posts', [], database); // the other runs' posts alone wouldn't fit
      await postgres.sql('VACUUM FULL posts', [], database);
      await postgres.sql(`ALTER TABLE posts SET TABLESPACE ${TABLESPACE}`, [], database);
    },
    free: () => Promise.resolve(mount('-o', 'remount,size=500m', folder)),
  };
}

function pretendedDisk({ postgres, database }: World): FullDisk {
  const raise = `RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';`;
  return {
    how: 'a trigger that says so',
    prepare: async () => {
      await postgres.sql(
        `CREATE OR REPLACE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${raise} END $$`,
        [],
        database,
      );
      await postgres.sql('CREATE TRIGGER disk_full BEFORE INSERT ON posts EXECUTE FUNCTION disk_full()', [], database);
    },
    free: async () => {
      await postgres.sql('DROP TRIGGER disk_full ON posts', [], database);
    },
  };
}

const mount = (...args: string[]): void => void execFileSync('mount', args, { stdio: 'ignore' });
