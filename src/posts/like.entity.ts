import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../users/user.entity.js';
import { Post } from './post.entity.js';

/** A user's like of a post; the primary key allows one. */
@Entity({ name: 'likes' })
@Index('likes_user_id_idx', ['userId'])
@Index('likes_created_at_idx', ['postId', 'createdAt', 'userId'])
export class Like {
  @PrimaryColumn('uuid', { name: 'post_id', primaryKeyConstraintName: 'likes_pkey' })
  postId: string;

  @PrimaryColumn('uuid', { name: 'user_id', primaryKeyConstraintName: 'likes_pkey' })
  userId: string;

  @ManyToOne(() => Post, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'post_id', foreignKeyConstraintName: 'likes_post_id_fkey' })
  post?: Post;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'likes_user_id_fkey' })
  user?: User;

  /** Whether it is included in `like_count`, that is, whether the user is visible. */
  @Column('boolean', { default: true })
  counted: boolean;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;
}
