import type { Post, User } from '@userhub/client';
import { ask } from '../ask.ts';
import { avatar, button, emptiness, h, nameOf, when } from '../dom.ts';
import { form } from '../form.ts';
import { hub } from '../hub.ts';
import { complain, say } from '../status.ts';

const PAGE = 10;

/** What everybody has posted, newest first, and a form for more. */
export async function showPosts(me: User): Promise<HTMLElement[]> {
  const list = h('ul', { class: 'posts', 'aria-label': 'Posts' });
  const more = h('div', { class: 'more' });
  const empty = h('div');

  const write = () => writer.querySelector('input')?.focus();
  const tellEmptiness = () =>
    empty.replaceChildren(
      ...(list.children.length ? [] : [emptiness('Nobody has posted anything yet.', 'Write the first post', write)]),
    );
  const load = async (cursor?: string): Promise<void> => {
    const { data } = await hub.api.GET('/api/posts', { params: { query: { limit: PAGE, ...(cursor && { cursor }) } } });
    const entries = data.items.map((post) => entry(post, me, tellEmptiness));
    list.append(...entries);
    const { next_cursor } = data;
    more.replaceChildren(...(next_cursor ? [button('Show more', () => load(next_cursor), { report: complain })] : []));
    tellEmptiness();
    if (cursor) entries[0]?.focus();
  };
  const publish = async ({ title, content }: { title: string; content: string }) => {
    const { data } = await hub.api.POST('/api/posts', { body: { content, ...(title && { title }) } });
    list.prepend(entry(data, me, tellEmptiness));
    tellEmptiness();
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
  return [h('section', { class: 'card' }, writer), list, empty, more];
}

function entry(post: Post, me: User, gone: () => void): HTMLLIElement {
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
    h('div', { class: 'actions' }, likeButton(post), mayDelete && deleteButton(post, () => leave(item, gone))),
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

function deleteButton({ id, title, content }: Post, deleted: () => void): HTMLButtonElement {
  const name = `“${title ?? content.slice(0, 40)}”`;
  const remove = async () => {
    if (!(await ask(`Delete ${name}, and all its likes?`, 'Delete the post'))) return;
    await hub.api.DELETE('/api/posts/{id}', { params: { path: { id } } });
    deleted();
    say('The post is deleted.');
  };
  return button('Delete', remove, { report: complain, class: 'quiet danger', 'aria-label': `Delete ${name}` });
}

/** Leaves the focus where the reader is: on the next entry, else the one before. */
function leave(item: HTMLElement, gone: () => void): void {
  const neighbour = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  gone();
  if (neighbour instanceof HTMLElement) neighbour.focus();
}
