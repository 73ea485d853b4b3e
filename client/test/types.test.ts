import { test } from 'node:test';
import { createUserHub, type Post, type PublicUser, type User, type UserHub, UserHubProblem } from '@userhub/client';

/** Checked by the compiler alone: a line that should not compile, but does, is an error. */
export async function typed(hub: UserHub): Promise<unknown[]> {
  const { data: me, response } = await hub.api.GET('/api/auth/me');
  const user: User = me;
  const { data: post } = await hub.api.POST('/api/posts', { body: { content: 'Hello' } });
  const author: string = post.author.username;
  const { data: gone } = await hub.api.DELETE('/api/posts/{id}', { params: { path: { id: post.id } } });
  const nothing: undefined = gone;
  const header: string | null = response.headers.get('etag');
  const everybody: (User | PublicUser)[] = [];
  for await (const someone of hub.pages('/api/users', { params: { query: { q: 'a' } } })) everybody.push(someone);
  const posts: Post[] = [];
  for await (const one of hub.pages('/api/posts')) posts.push(one);

  // @ts-expect-error no such address
  await hub.api.GET('/api/nobody');
  // @ts-expect-error not with this method
  await hub.api.PATCH('/api/auth/me');
  // @ts-expect-error the content is missing
  await hub.api.POST('/api/posts', { body: { title: 'Hello' } });
  // @ts-expect-error a post has no e-mail address
  post.email;
  // @ts-expect-error the id is missing
  await hub.api.GET('/api/posts/{id}');
  // @ts-expect-error `from` is no parameter of this list
  hub.pages('/api/users', { params: { query: { from: 1 } } });
  // @ts-expect-error not a list
  hub.pages('/api/auth/me');
  // @ts-expect-error signIn() does this, and keeps the tokens
  await hub.api.POST('/api/auth/login', { body: { username: 'ada', password: 'correct horse battery' } });
  // @ts-expect-error the password is missing
  await hub.signIn({ username: 'ada' });
  return [user, author, nothing, header, everybody, posts];
}

test('codes of problems are a closed union', () => {
  const isTaken = ({ code }: UserHubProblem) => code === 'email_taken';
  // @ts-expect-error there is no such code
  const isOdd = ({ code }: UserHubProblem) => code === 'email_odd';
  void [createUserHub, isTaken, isOdd];
});
