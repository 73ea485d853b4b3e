import { Rule, ClearableText, isUuid, NotBlank, Optional, SearchText, Length } from '../http/fields.js';
import { PageQuery } from '../lists/pages.js';
import { withVersion } from '../http/conditional-requests.js';
import { type JoinedUser, joinedUserDto } from '../users/joined-user.js';
import type { PublicUserDto } from '../users/users.dto.js';
import type { Post } from './post.entity.js';

/** A new post. */
export class CreatePostDto {
  /** @example "Notes on the engine" */
  @ClearableText(200)
  title?: string | null;

  /** @example "It weaves algebraic patterns." */
  @Length(1, 5000)
  @NotBlank()
  content: string;
}

/** A change of a post; members that are left out don't change. */
export class UpdatePostDto {
  /** null clears it. @example "Notes on the engine" */
  @ClearableText(200)
  title?: string | null;

  /** @example "It weaves algebraic patterns." */
  @Optional()
  @Length(1, 5000)
  @NotBlank()
  content?: string;
}

/** Which posts to list. */
export class PostsQuery extends PageQuery {
  /** Only those by this user. */
  @Optional()
  @Rule('is_uuid', 'must be a UUID', isUuid)
  author_id?: string;

  /** A part of the title or content, without regard to case. */
  @SearchText()
  q?: string;
}

/** Which likes of a post to list. */
export class LikesQuery extends PageQuery {}

/** A post, with its author and likes. @versioned */
export class PostDto {
  id: string;
  author: PublicUserDto;
  /** @example "Notes on the engine" */
  title: string | null;
  /** @example "It weaves algebraic patterns." */
  content: string;
  /** How many people like it. */
  like_count: number;
  /** Whether the caller likes it. */
  liked_by_me: boolean;
  created_at: Date;
  updated_at: Date;
}

/** A user who likes a post, and since when. */
export class LikeDto {
  user: PublicUserDto;
  liked_at: Date;
}

/** The selected columns, including the author's. */
export type PostRow = Omit<Post, 'author' | 'authorId'> & JoinedUser & { likedByMe: boolean };
export type LikeRow = JoinedUser & { createdAt: Date };

/** Maps a row of a post. */
export function toPostDto(post: PostRow): PostDto {
  const dto: PostDto = {
    id: post.id,
    author: joinedUserDto(post),
    title: post.title,
    content: post.content,
    like_count: post.likeCount,
    liked_by_me: post.likedByMe,
    created_at: post.createdAt,
    updated_at: post.updatedAt,
  };
  return withVersion(dto, { version: post.version, path: `/api/posts/${post.id}` });
}

/** Maps a row of a like. */
export const toLikeDto = (like: LikeRow): LikeDto => ({ user: joinedUserDto(like), liked_at: like.createdAt });
