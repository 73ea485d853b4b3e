import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Put, Query } from '@nestjs/common';
import { Scoped } from '../access.js';
import { Call } from '../request.js';
import { Id } from '../http/fields.js';
import type { Page } from '../lists/pages.js';
import { Idempotent } from '../idempotency/idempotent.js';
import { ConditionalWrite } from '../http/conditional-requests.js';
import { CreatePostDto, type LikeDto, LikesQuery, type PostDto, PostsQuery, UpdatePostDto } from './posts.dto.js';
import { PostsService } from './posts.service.js';

/** Posts, which all signed-in users can read and like. */
@Controller('api/posts')
@Scoped('posts')
export class PostsController {
  constructor(private readonly posts: PostsService) {}

  /** Lists posts, newest first. */
  @Get()
  listPosts(@Query() query: PostsQuery, @Call() call: Call): Promise<Page<PostDto>> {
    return this.posts.list(query, call);
  }

  /** Publishes a post. */
  @Post()
  @Idempotent()
  publishPost(@Body() dto: CreatePostDto, @Call() call: Call): Promise<PostDto> {
    return this.posts.publish(dto, call);
  }

  /** Finds a post. */
  @Get(':id')
  getPost(@Id() id: string, @Call() call: Call): Promise<PostDto> {
    return this.posts.get(id, call);
  }

  /**
   * Changes one's own post; members that are left out don't change.
   * @throws forbidden
   */
  @Put(':id')
  @ConditionalWrite()
  replacePost(@Id() id: string, @Body() dto: UpdatePostDto, @Call() call: Call): Promise<PostDto> {
    return this.posts.update(id, dto, call);
  }

  /**
   * Changes one's own post; members that are left out don't change.
   * @throws forbidden
   */
  @Patch(':id')
  @ConditionalWrite()
  updatePost(@Id() id: string, @Body() dto: UpdatePostDto, @Call() call: Call): Promise<PostDto> {
    return this.posts.update(id, dto, call);
  }

  /**
   * Deletes one's own post, or any post as an admin.
   * @throws forbidden
   */
  @Delete(':id')
  @HttpCode(204)
  @ConditionalWrite()
  deletePost(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.posts.delete(id, call);
  }

  /** Likes a post. Repeating it does no harm. */
  @Put(':id/like')
  @HttpCode(204)
  likePost(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.posts.like(id, call);
  }

  /** Removes one's like. Repeating it does no harm. */
  @Delete(':id/like')
  @HttpCode(204)
  unlikePost(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.posts.unlike(id, call);
  }

  /** Lists the users who like a post, latest first. */
  @Get(':id/likes')
  listLikes(@Id() id: string, @Query() query: LikesQuery, @Call() call: Call): Promise<Page<LikeDto>> {
    return this.posts.listLikes(id, query, call);
  }
}
