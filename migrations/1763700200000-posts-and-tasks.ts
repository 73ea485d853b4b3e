import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Posts with likes, and private tasks. */
export class PostsAndTasks1763700200000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE posts (
        id uuid NOT NULL,
        author_id uuid NOT NULL,
        title text,
        content text NOT NULL,
        like_count integer NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT posts_pkey PRIMARY KEY (id),
        CONSTRAINT posts_author_id_fkey FOREIGN KEY (author_id) REFERENCES users (id) ON DELETE CASCADE
      ) WITH (fillfactor = 90)`);
    await db.query(`CREATE INDEX posts_created_at_idx ON posts (created_at, id)`);
    await db.query(`CREATE INDEX posts_author_id_idx ON posts (author_id, created_at, id)`);
    await db.query(`
      CREATE INDEX posts_search_idx ON posts
      USING gin (lower(coalesce(title, '') || E'\\n' || content) gin_trgm_ops)`);
    await db.query(`
      CREATE TABLE likes (
        post_id uuid NOT NULL,
        user_id uuid NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT likes_pkey PRIMARY KEY (post_id, user_id),
        CONSTRAINT likes_post_id_fkey FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE,
        CONSTRAINT likes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      )`);
    await db.query(`CREATE INDEX likes_user_id_idx ON likes (user_id)`);
    await db.query(`CREATE INDEX likes_created_at_idx ON likes (post_id, created_at, user_id)`);
    // kept by the database, so that it is exact however a like comes or goes (a purged user takes theirs along),
    // and a post costs the same to read whether it has ten likes or a million
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
    await db.query(`
      CREATE TABLE tasks (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        title text NOT NULL,
        description text,
        is_completed boolean NOT NULL DEFAULT false,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT tasks_pkey PRIMARY KEY (id),
        CONSTRAINT tasks_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      )`);
    await db.query(`CREATE INDEX tasks_user_id_idx ON tasks (user_id, created_at, id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DROP TABLE tasks`);
    await db.query(`DROP TABLE likes`);
    await db.query(`DROP FUNCTION count_like()`);
    await db.query(`DROP TABLE posts`);
  }
}
