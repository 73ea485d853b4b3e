import { at, get, remove } from '../hub.ts';
import { texts } from '../texts.ts';
import type { Page, Post } from '../types.ts';
import { Empty, Shown, useLoaded } from '../ui/loaded.tsx';
import { Button } from '../ui/pieces.tsx';
import { sayAndDo } from '../ui/status.tsx';
import { actColumn, Table, timeColumn } from '../ui/table.tsx';
import { number } from '../ui/when.tsx';

const t = texts.posts;

/** What somebody has posted. A feature shows a tab of its own like this one. */
export function PostsTab({ id }: { id: string }) {
  const posts = useLoaded((signal) => get<Page<Post>>('/api/posts', { author_id: id, limit: 50 }, signal), [id]);
  // a post can't be brought back: it goes when the time for Undo is over
  const drop = (post: Post) => {
    const { data } = posts;
    if (!data) return;
    posts.set({ ...data, items: data.items.filter(({ id: other }) => other !== post.id) });
    sayAndDo(t.deleted, () => remove(at`/api/posts/${post.id}`), posts.reload);
  };
  return (
    <Shown of={posts} lines={4}>
      {({ items }) =>
        items.length ? (
          <Table
            caption={t.title}
            rows={items}
            idOf={({ id: key }) => key}
            columns={[
              {
                key: 'post',
                head: t.post,
                isName: true,
                cell: ({ title, content }) => (
                  <span class="excerpt">
                    {title ?? t.untitled} <small>{content}</small>
                  </span>
                ),
              },
              { key: 'likes', head: t.likes, cell: ({ like_count }) => number(like_count) },
              timeColumn('at', t.posted, ({ created_at }: Post) => created_at),
              actColumn((post: Post) => (
                <Button kind="small danger" act={() => drop(post)}>
                  {t.delete}
                </Button>
              )),
            ]}
          />
        ) : (
          <Empty text={t.none} />
        )
      }
    </Shown>
  );
}
