import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../users/user.entity.js';

/** A post, readable by all signed-in users. */
@Entity({ name: 'posts' })
@Index('posts_created_at_idx', ['createdAt', 'id'])
@Index('posts_author_id_idx', ['authorId', 'createdAt', 'id'])
@Index('posts_search_idx', { synchronize: false }) // on expressions, which only the migration can describe
@Index('posts_title_prefix_idx', { synchronize: false })
export class Post {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'posts_pkey' })
  id: string;

  @Column('uuid', { name: 'author_id' })
  authorId: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'author_id', foreignKeyConstraintName: 'posts_author_id_fkey' })
  author?: User;

  @Column('text', { nullable: true })
  title: string | null;

  @Column('text')
  content: string;

  /** The number of likes of visible users; maintained by triggers on likes and users. */
  @Column('integer', { name: 'like_count', default: 0 })
  likeCount: number;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3, default: () => 'now()' })
  updatedAt: Date;

  /** Incremented by each change; part of the ETag, compared with If-Match. */
  @Column('integer', { default: 1 })
  version: number;
}
