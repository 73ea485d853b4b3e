import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Like } from './like.entity.js';
import { Post } from './post.entity.js';
import { UsersModule } from '../users/users.module.js';
import { PostChores } from './post-chores.js';
import { PostsController } from './posts.controller.js';
import { PostsService } from './posts.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Post, Like]), UsersModule],
  controllers: [PostsController],
  providers: [PostsService, PostChores],
})
export class PostsModule {}
