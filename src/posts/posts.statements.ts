import { changing, hasVersion, type Update } from '../lists/conditions.js';
import { composedStatement, statement } from '../database/database.js';
import { JOINED_USER_COLUMNS, JOINED_USER_IS_VISIBLE } from '../users/joined-user.js';

/** A post with its author and what the viewer thinks of it, in one query whatever the page size. */
export const postColumns = (viewer: string) => `p.id, p.title, p.content, p.like_count AS "likeCount",
  p.created_at AS "createdAt", p.updated_at AS "updatedAt", p.version, ${JOINED_USER_COLUMNS},
  EXISTS (SELECT FROM likes l WHERE l.post_id = p.id AND l.user_id = ${viewer}) AS "likedByMe"`;
export const POSTS = 'posts p JOIN users u ON u.id = p.author_id';

export const BY_ID = statement(
  'posts.by_id',
  `SELECT ${postColumns('$1')} FROM ${POSTS} WHERE p.id = $2 AND ${JOINED_USER_IS_VISIBLE}`,
);
export const INSERT = statement(
  'posts.insert',
  `WITH p AS (INSERT INTO posts (id, author_id, title, content) VALUES ($2, $1, $3, $4) RETURNING *)
   SELECT ${postColumns('$1')} FROM p JOIN users u ON u.id = p.author_id`,
);
export const DELETE = statement(
  'posts.delete',
  `DELETE FROM posts WHERE id = $1 AND ($2::uuid IS NULL OR author_id = $2) AND ${hasVersion('$3')}
   RETURNING id`,
);

/** The author's change of a post: `$1` the author, `$2` the post, `$3` the accepted versions. */
export const update = (change: Pick<Update, 'assignments' | 'differs'>) =>
  composedStatement(
    `WITH ${changing({ table: 'posts', where: `author_id = $1 AND id = $2 AND ${hasVersion('$3')}`, ...change })}
     SELECT ${postColumns('$1')} FROM current p JOIN users u ON u.id = p.author_id`,
  );

/**
 * The user's row and then the post's, both locked: the user isn't deactivated meanwhile, which is counted, nor the post
 * deleted; and whoever locks both does it in this order.
 */
const LOCKED_POST = `me AS MATERIALIZED (
    SELECT id FROM users WHERE id = $2 AND is_active AND deleted_at IS NULL FOR SHARE),
  post AS MATERIALIZED (
    SELECT p.id, me.id AS me FROM me CROSS JOIN ${POSTS} WHERE p.id = $1 AND ${JOINED_USER_IS_VISIBLE}
    FOR NO KEY UPDATE OF p)`;

// both answer with the post whether or not there was anything to do: liking twice is liking once
export const LIKE = statement(
  'posts.like',
  `WITH ${LOCKED_POST}, liked AS (
     INSERT INTO likes (post_id, user_id) SELECT id, me FROM post ON CONFLICT DO NOTHING)
   SELECT id FROM post`,
);
export const UNLIKE = statement(
  'posts.unlike',
  `WITH ${LOCKED_POST}, unliked AS (
     DELETE FROM likes USING post WHERE post_id = post.id AND user_id = me)
   SELECT id FROM post`,
);
