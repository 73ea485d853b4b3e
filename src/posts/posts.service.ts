import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Call, Principal } from '../request.js';
import { assignmentsOf, beginningWith, Conditions, containing, isShort } from '../lists/conditions.js';
import { Database } from '../database/database.js';
import type { Statement } from '../database/statement.js';
import { forbidden, notFound } from '../problems.js';
import { byCreation, type List, Lists } from '../lists/lists.js';
import type { Page, PageQuery } from '../lists/pages.js';
import { storing } from '../idempotency/idempotent.js';
import { assertMatches } from '../http/conditional-requests.js';
import { JOINED_USER_COLUMNS, JOINED_USER_IS_VISIBLE } from '../users/joined-user.js';
import { type CreatePostDto, type LikeDto, type LikeRow, type PostDto, type PostRow, type PostsQuery, toLikeDto, toPostDto, type UpdatePostDto } from './posts.dto.js'; // prettier-ignore
import * as sql from './posts.statements.js';

/** Posts and likes. Posts of inactive authors are stored, but not shown. */
@Injectable()
export class PostsService {
  constructor(
    private readonly database: Database,
    private readonly lists: Lists,
  ) {}

  /** A page of posts, newest first. */
  list(query: PostsQuery, { me }: Call): Promise<Page<PostDto>> {
    return this.lists.page(postList(query, me), query, toPostDto);
  }

  /** Publishes a post. */
  async publish({ title, content }: CreatePostDto, call: Call): Promise<PostDto> {
    const values = [call.me.id, uuidv7(), title, content];
    const answer = storing<PostRow>(call, ([row]) => row && { answer: toPostDto(row) });
    const [post] = await this.database.write<PostRow>(sql.INSERT, values, answer);
    this.lists.changed('posts');
    return toPostDto(post as PostRow);
  }

  /** @throws Problem 404 */
  async get(id: string, call: Call): Promise<PostDto> {
    return toPostDto(await this.find(id, call));
  }

  /** Changes the members that `dto` contains, of one's own post. @throws Problem 403, 404, 412 */
  async update(id: string, dto: UpdatePostDto, call: Call): Promise<PostDto> {
    const { me, versions } = call;
    const { values, ...change } = assignmentsOf(dto, ['title', 'content'], [me.id, id, versions]);
    const [post] = await this.database.write<PostRow>(sql.update(change), values);
    if (!post) return this.fail(id, call);
    this.lists.changed('posts'); // affects searches
    return toPostDto(post);
  }

  /** Deletes one's own post, or any post as an admin. @throws Problem 403, 404, 412 */
  async delete(id: string, call: Call): Promise<void> {
    const { me, versions } = call;
    const author = me.role === 'admin' ? null : me.id;
    const values = [id, author, versions];
    const [deleted] = await this.database.write(sql.DELETE, values);
    if (!deleted && !(await this.deleteWithManyLikes(id, values))) await this.fail(id, call);
    this.lists.changed('posts');
  }

  /** Likes a post; repeating it does no harm. @throws Problem 404 */
  like(id: string, call: Call): Promise<void> {
    return this.setLike(sql.LIKE, id, call);
  }

  /** Removes a like; repeating it does no harm. @throws Problem 404 */
  unlike(id: string, call: Call): Promise<void> {
    return this.setLike(sql.UNLIKE, id, call);
  }

  /** A page of the users who like a post, latest first. @throws Problem 404 */
  async listLikes(id: string, query: PageQuery, call: Call): Promise<Page<LikeDto>> {
    await this.find(id, call);
    return this.lists.page(likeList(id), query, toLikeDto);
  }

  /** Deletes the likes in batches, in one transaction, as one statement would exceed its time-out. Returns whether the post existed. */
  private deleteWithManyLikes(id: string, values: unknown[]): Promise<boolean> {
    return this.database.transaction(async (db) => {
      const [locked] = await db.query<object[]>(sql.LOCK, values);
      if (!locked) return false;
      let removed: number;
      do [, removed] = await db.query<[unknown, number]>(sql.DELETE_LIKES_OF_POSTS.text, [[id]]);
      while (removed === sql.BATCH);
      await db.query(sql.DELETE_LOCKED, [id]);
      return true;
    }, 'posts');
  }

  private async setLike(statement: Statement, id: string, { me }: Call): Promise<void> {
    const [post] = await this.database.write(statement, [id, me.id]);
    if (!post) throw notFound('post');
    this.lists.changed('likes');
  }

  private async find(id: string, { me }: Call): Promise<PostRow> {
    const [post] = await this.database.read<PostRow>(sql.BY_ID, [me.id, id]);
    if (!post) throw notFound('post');
    return post;
  }

  /** Why nothing was written: the post doesn't exist, isn't the caller's, or `If-Match` names another version. */
  private async fail(id: string, call: Call): Promise<never> {
    const { me, versions } = call;
    const post = await this.find(id, call);
    if (post.userId !== me.id && me.role !== 'admin') throw forbidden();
    assertMatches(toPostDto(post), versions);
    throw post.userId === me.id ? notFound('post') : forbidden();
  }
}

function postList({ author_id, q }: PostsQuery, me: Principal): List<PostRow> {
  const conditions = new Conditions();
  conditions.add(JOINED_USER_IS_VISIBLE);
  if (author_id) conditions.add('p.author_id = $', author_id);
  if (q && isShort(q)) conditions.add('fold_case(p.title) LIKE fold_case($)', beginningWith(q));
  else if (q)
    conditions.add(`fold_case(coalesce(p.title, '') || E'\\n' || p.content) LIKE fold_case($)`, containing(q));
  return {
    identity: ['posts', author_id, q],
    columns: (placeholder) => sql.postColumns(placeholder(me.id)),
    from: sql.POSTS,
    conditions,
    order: byCreation('p.created_at'),
    descending: true,
    id: 'p.id',
    isSearch: q !== undefined,
  };
}

function likeList(postId: string): List<LikeRow> {
  const conditions = new Conditions();
  conditions.add('l.post_id = $', postId);
  conditions.add(JOINED_USER_IS_VISIBLE);
  return {
    identity: ['likes', postId],
    columns: `${JOINED_USER_COLUMNS}, l.created_at AS "createdAt"`,
    from: 'likes l JOIN users u ON u.id = l.user_id',
    conditions,
    order: byCreation('l.created_at'),
    descending: true,
    id: 'l.user_id',
    idOf: (like) => like.userId,
  };
}
