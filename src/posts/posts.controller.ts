import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Put, Query } from '@nestjs/common';
import { CurrentUser, type Principal } from '../request.js';
import { Id } from '../http/fields.js';
import type { Page } from '../lists/pages.js';
import { ConditionalWrite, IfMatch } from '../http/conditional-requests.js';
import { CreatePostDto, type LikeDto, LikesQuery, type PostDto, PostsQuery, UpdatePostDto } from './posts.dto.js';
import { PostsService } from './posts.service.js';

/** Posts that everybody who is signed in can read and like. */
@Controller('posts')
export class PostsController {
  constructor(private readonly posts: PostsService) {}

  /** Lists posts, newest first. */
  @Get()
  listPosts(@Query() query: PostsQuery, @CurrentUser() me: Principal): Promise<Page<PostDto>> {
    return this.posts.list(query, me);
  }

  /** Publishes a post. */
  @Post()
  publishPost(@Body() dto: CreatePostDto, @CurrentUser() me: Principal): Promise<PostDto> {
    return this.posts.publish(dto, me);
  }

  /** Finds a post. */
  @Get(':id')
  getPost(@Id() id: string, @CurrentUser() me: Principal): Promise<PostDto> {
    return this.posts.get(id, me);
  }

  /** Changes one's own post; what is left out stays as it is. */
  @Put(':id')
  @ConditionalWrite()
  replacePost(
    @Id() id: string,
    @Body() dto: UpdatePostDto,
    @CurrentUser() me: Principal,
    @IfMatch() versions?: number[],
  ): Promise<PostDto> {
    return this.posts.update({ id, me, versions }, dto);
  }

  /** Changes one's own post, exactly as PUT does. */
  @Patch(':id')
  @ConditionalWrite()
  updatePost(
    @Id() id: string,
    @Body() dto: UpdatePostDto,
    @CurrentUser() me: Principal,
    @IfMatch() versions?: number[],
  ): Promise<PostDto> {
    return this.posts.update({ id, me, versions }, dto);
  }

  /** Deletes one's own post, or as an admin anybody's. */
  @Delete(':id')
  @HttpCode(204)
  deletePost(@Id() id: string, @CurrentUser() me: Principal, @IfMatch() versions?: number[]): Promise<void> {
    return this.posts.delete({ id, me, versions });
  }

  /** Likes a post. Liking it again does no harm. */
  @Put(':id/like')
  @HttpCode(204)
  likePost(@Id() id: string, @CurrentUser() me: Principal): Promise<void> {
    return this.posts.like(id, me);
  }

  /** Takes a like back. Doing it again does no harm. */
  @Delete(':id/like')
  @HttpCode(204)
  unlikePost(@Id() id: string, @CurrentUser() me: Principal): Promise<void> {
    return this.posts.unlike(id, me);
  }

  /** Lists who likes a post, the latest first. */
  @Get(':id/likes')
  listLikes(@Id() id: string, @Query() query: LikesQuery, @CurrentUser() me: Principal): Promise<Page<LikeDto>> {
    return this.posts.listLikes(id, query, me);
  }
}
