import type { Post, User } from '@userhub/client';
import { avatar, button, h, nameOf, when } from '../dom.ts';
import { form } from '../form.ts';
import { hub } from '../hub.ts';
import { complain, say } from '../status.ts';

const PAGE = 10;

/** What everybody has posted, newest first, and a form for more. */
export async function showPosts(me: User): Promise<HTMLElement[]> {
  const list = h('ul', { class: 'posts', 'aria-label': 'Posts' });
  const more = h('div', { class: 'more' });

  const load = async (cursor?: string): Promise<void> => {
    const { data } = await hub.api.GET('/api/posts', { params: { query: { limit: PAGE, ...(cursor && { cursor }) } } });
    const entries = data.items.map((post) => entry(post, me));
    list.append(...entries);
    const { next_cursor } = data;
    more.replaceChildren(...(next_cursor ? [button('Show more', () => load(next_cursor), { report: complain })] : []));
    if (cursor) entries[0]?.focus();
  };
  const publish = async ({ title, content }: { title: string; content: string }) => {
    const { data } = await hub.api.POST('/api/posts', { body: { content, ...(title && { title }) } });
    list.prepend(entry(data, me));
    writer.reset();
    say('Your post is published.');
  };
  const writer = form({
    label: 'Write a post',
    action: 'Publish',
    fields: [
      { name: 'title', label: 'Title', optional: true },
      { name: 'content', label: 'What do you want to say?', type: 'multiline' },
    ],
    submit: publish,
  });

  await load();
  return [h('section', { class: 'card' }, writer), list, more];
}

function entry(post: Post, me: User): HTMLLIElement {
  const mayDelete = post.author.id === me.id || me.role === 'admin';
  const item = h(
    'li',
    { class: 'card post', tabindex: -1 },
    h(
      'div',
      { class: 'by' },
      avatar(post.author),
      h('span', { class: 'name' }, nameOf(post.author)),
      h('span', { class: 'muted' }, `@${post.author.username} · `, when(post.created_at)),
    ),
    post.title !== null && h('h2', {}, post.title),
    h('p', { class: 'content' }, post.content),
    h('div', { class: 'actions' }, likeButton(post), mayDelete && deleteButton(post, () => leave(item))),
  );
  return item;
}

function likeButton(post: Post): HTMLButtonElement {
  let { liked_by_me: liked, like_count: count } = post;
  const label = h('span');
  const path = { params: { path: { id: post.id } } };
  const show = () => {
    label.replaceChildren(
      h('span', { 'aria-hidden': 'true' }, liked ? '♥ ' : '♡ '),
      'Like ',
      h('span', {}, `(${count})`),
    );
    toggle.ariaPressed = String(liked);
  };
  const flip = async () => {
    if (liked) await hub.api.DELETE('/api/posts/{id}/like', path);
    else await hub.api.PUT('/api/posts/{id}/like', path);
    liked = !liked;
    count += liked ? 1 : -1;
    show();
  };
  const toggle = button(label, flip, { report: complain, class: 'quiet like' });
  show();
  return toggle;
}

const deleteButton = ({ id, title, content }: Post, deleted: () => void) =>
  button(
    'Delete',
    async () => {
      await hub.api.DELETE('/api/posts/{id}', { params: { path: { id } } });
      deleted();
      say('The post is deleted.');
    },
    { report: complain, class: 'quiet danger', 'aria-label': `Delete “${title ?? content.slice(0, 40)}”` },
  );

/** Leaves the focus where the reader is: on the next entry, else the one before. */
function leave(item: HTMLElement): void {
  const neighbour = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  if (neighbour instanceof HTMLElement) neighbour.focus();
}
