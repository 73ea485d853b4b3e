import { changing, hasVersion, type Update } from '../lists/conditions.js';
import { composedStatement, statement } from '../database/statement.js';
import { timeAs } from '../users/personal-data/personal-data.js';
import { JOINED_USER_COLUMNS, JOINED_USER_IS_VISIBLE } from '../users/joined-user.js';

/** A post with its author and the viewer's like, in one query for any page size. */
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
/** Most likes deleted or changed by one statement. */
export const BATCH = 2000;

const OWN_POST = `id = $1 AND ($2::uuid IS NULL OR author_id = $2) AND ${hasVersion('$3')}`;

/** Deletes a post with its likes, unless these are too many for one statement. */
export const DELETE = statement(
  'posts.delete',
  `DELETE FROM posts WHERE ${OWN_POST} AND NOT EXISTS (SELECT FROM likes WHERE post_id = $1 OFFSET ${BATCH}) RETURNING id`,
);
export const LOCK = `SELECT id FROM posts WHERE ${OWN_POST} FOR UPDATE`;
export const DELETE_LOCKED = `DELETE FROM posts WHERE id = $1`;
export const DELETE_LIKES_OF_POSTS = statement(
  'posts.delete_likes_of_posts',
  `DELETE FROM likes WHERE (post_id, user_id) IN (
     SELECT post_id, user_id FROM likes WHERE post_id = ANY ($1) LIMIT ${BATCH})
   RETURNING user_id`,
);

/** A batch of a user's posts, to be deleted. */
export const OF_AUTHOR = statement(
  'posts.of_author',
  `SELECT id FROM posts WHERE author_id = $1 ORDER BY created_at, id LIMIT 500`,
);

/** All posts and likes of a user, for the export of their data. */
export const OWN = {
  shown: `jsonb_build_object('id', id, 'title', title, 'content', content, 'like_count', like_count,
    ${timeAs('created_at')}, ${timeAs('updated_at')})`,
  from: 'posts',
  where: 'author_id = $',
  isByCreation: true,
};
export const OWN_LIKES = {
  shown: `jsonb_build_object('post_id', post_id, ${timeAs('liked_at', 'created_at')})`,
  from: 'likes',
  where: 'user_id = $',
  id: 'post_id',
};

export const DELETE_ALL = statement('posts.delete_all', `DELETE FROM posts WHERE id = ANY ($1)`);
export const DELETE_LIKES_OF_USER = statement(
  'posts.delete_likes_of_user',
  `WITH batch AS MATERIALIZED (SELECT post_id FROM likes WHERE user_id = $1 LIMIT ${BATCH}),
   locked AS MATERIALIZED (
     SELECT id FROM posts WHERE id IN (SELECT post_id FROM batch) ORDER BY id FOR NO KEY UPDATE)
   DELETE FROM likes WHERE user_id = $1 AND post_id IN (SELECT id FROM locked) RETURNING user_id`,
);

/** Users with so many likes that these are recounted separately from the change of their visibility. */
export const RECOUNTS = statement(
  'posts.recounts',
  `SELECT r.user_id AS "userId", r.requested_at::text AS "requestedAt",
     coalesce(u.is_active AND u.deleted_at IS NULL, false) AS "isVisible"
   FROM like_recounts r LEFT JOIN users u ON u.id = r.user_id ORDER BY r.requested_at LIMIT 10`,
);
export const RECOUNT = statement(
  'posts.recount',
  `WITH batch AS MATERIALIZED (
     SELECT post_id FROM likes WHERE user_id = $1 AND counted <> $2 AND post_id > $3 ORDER BY post_id LIMIT ${BATCH}),
   locked AS MATERIALIZED (
     SELECT id FROM posts WHERE id IN (SELECT post_id FROM batch) ORDER BY id FOR NO KEY UPDATE)
   UPDATE likes SET counted = $2 WHERE user_id = $1 AND post_id IN (SELECT id FROM locked) RETURNING post_id AS "postId"`,
);
/** Removes a request to recount, unless it was renewed meanwhile. */
export const RECOUNTED = statement(
  'posts.recounted',
  `DELETE FROM like_recounts WHERE user_id = $1 AND requested_at = $2::timestamptz`,
);

/** The author's change of a post: `$1` the author, `$2` the post, `$3` the accepted versions. */
export const update = (change: Pick<Update, 'assignments' | 'differs'>) =>
  composedStatement(
    `WITH ${changing({ table: 'posts', where: `author_id = $1 AND id = $2 AND ${hasVersion('$3')}`, ...change })}
     SELECT ${postColumns('$1')} FROM current p JOIN users u ON u.id = p.author_id`,
  );

/**
 * Locks the user's row, then the post's, so that neither visibility nor existence change before the like is counted; always
 * in this order, which prevents deadlocks.
 */
const LOCKED_POST = `me AS MATERIALIZED (
    SELECT id FROM users WHERE id = $2 AND is_active AND deleted_at IS NULL FOR SHARE),
  post AS MATERIALIZED (
    SELECT p.id, me.id AS me FROM me CROSS JOIN ${POSTS} WHERE p.id = $1 AND ${JOINED_USER_IS_VISIBLE}
    FOR NO KEY UPDATE OF p)`;

// both return the post whether or not anything changed: liking twice is liking once
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
