import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Of somebody with more likes than this a job counts them, in batches: deactivating somebody must never take long. */
const COUNTED_AT_ONCE = 1000;

/**
 * `like_count` counts the likes of those who are visible, as the list of likes shows them: a like knows whether it is
 * counted. Likes are counted a statement at a time, so that a post with 500,000 of them can be deleted. Rows of posts are
 * locked in the order of their ids, and before those of likes, so that two who change many at once don't wait for each other.
 */
export class LikeCounts1764020100000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`DROP TRIGGER likes_count ON likes`);
    await db.query(`DROP FUNCTION count_like()`);
    await db.query(`ALTER TABLE likes ADD COLUMN counted boolean NOT NULL DEFAULT true`);
    await db.query(countingFunction('count_new_likes', `SELECT post_id, 1 AS likes FROM new_likes WHERE counted`));
    await db.query(countingFunction('count_old_likes', `SELECT post_id, -1 AS likes FROM old_likes WHERE counted`));
    await db.query(
      countingFunction(
        'count_changed_likes',
        `SELECT post_id, n.counted::int - o.counted::int AS likes
         FROM new_likes n JOIN old_likes o USING (post_id, user_id) WHERE n.counted <> o.counted`,
      ),
    );
    await db.query(`
      CREATE TRIGGER likes_count_new AFTER INSERT ON likes REFERENCING NEW TABLE AS new_likes
      FOR EACH STATEMENT EXECUTE FUNCTION count_new_likes()`);
    await db.query(`
      CREATE TRIGGER likes_count_old AFTER DELETE ON likes REFERENCING OLD TABLE AS old_likes
      FOR EACH STATEMENT EXECUTE FUNCTION count_old_likes()`);
    await db.query(`
      CREATE TRIGGER likes_count_changed AFTER UPDATE ON likes REFERENCING OLD TABLE AS old_likes NEW TABLE AS new_likes
      FOR EACH STATEMENT EXECUTE FUNCTION count_changed_likes()`);
    // no foreign key: whoever is gone has no likes left to count
    await db.query(`
      CREATE TABLE like_recounts (
        user_id uuid NOT NULL,
        requested_at timestamptz NOT NULL,
        CONSTRAINT like_recounts_pkey PRIMARY KEY (user_id)
      )`);
    // a statement that likes locks the user's row before it inserts, so none comes in while this counts
    await db.query(`
      CREATE FUNCTION count_likes_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        visible boolean := NEW.is_active AND NEW.deleted_at IS NULL;
      BEGIN
        IF EXISTS (SELECT FROM likes WHERE user_id = NEW.id OFFSET ${COUNTED_AT_ONCE}) THEN
          INSERT INTO like_recounts VALUES (NEW.id, clock_timestamp())
          ON CONFLICT (user_id) DO UPDATE SET requested_at = excluded.requested_at;
        ELSE
          PERFORM FROM posts WHERE id IN (SELECT post_id FROM likes WHERE user_id = NEW.id) ORDER BY id FOR NO KEY UPDATE;
          UPDATE likes SET counted = visible WHERE user_id = NEW.id AND counted <> visible;
        END IF;
        RETURN NULL;
      END $$`);
    await db.query(`
      CREATE TRIGGER users_count_likes AFTER UPDATE OF is_active, deleted_at ON users FOR EACH ROW
      WHEN ((OLD.is_active AND OLD.deleted_at IS NULL) <> (NEW.is_active AND NEW.deleted_at IS NULL))
      EXECUTE FUNCTION count_likes_of_user()`);
    await db.query(`
      UPDATE likes SET counted = false FROM users u
      WHERE u.id = likes.user_id AND NOT (u.is_active AND u.deleted_at IS NULL)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`UPDATE likes SET counted = true WHERE NOT counted`);
    await db.query(`DROP TRIGGER users_count_likes ON users`);
    await db.query(`DROP TABLE like_recounts`);
    await db.query(`DROP TRIGGER likes_count_changed ON likes`);
    await db.query(`DROP TRIGGER likes_count_old ON likes`);
    await db.query(`DROP TRIGGER likes_count_new ON likes`);
    await db.query(`DROP FUNCTION count_likes_of_user(), count_changed_likes(), count_old_likes(), count_new_likes()`);
    await db.query(`ALTER TABLE likes DROP COLUMN counted`);
    await db.query(`
      CREATE FUNCTION count_like() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'INSERT' THEN
          UPDATE posts SET like_count = like_count + 1 WHERE id = NEW.post_id;
        ELSE
          UPDATE posts SET like_count = like_count - 1 WHERE id = OLD.post_id;
        END IF;
        RETURN NULL;
      END $$`);
    await db.query(`
      CREATE TRIGGER likes_count AFTER INSERT OR DELETE ON likes FOR EACH ROW EXECUTE FUNCTION count_like()`);
  }
}

/** A function for a statement trigger, which adds to the posts what its statement changed. */
const countingFunction = (name: string, changes: string) => `
  CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    WITH change AS MATERIALIZED (SELECT post_id, sum(likes)::int AS likes FROM (${changes}) c GROUP BY post_id),
    locked AS MATERIALIZED (
      SELECT p.id, change.likes FROM posts p JOIN change ON change.post_id = p.id ORDER BY p.id FOR NO KEY UPDATE OF p)
    UPDATE posts p SET like_count = p.like_count + locked.likes FROM locked WHERE p.id = locked.id;
    RETURN NULL;
  END $$`;
