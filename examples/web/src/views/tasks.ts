import type { Task, User } from '@userhub/client';
import { button, h } from '../dom.ts';
import { form } from '../form.ts';
import { hub } from '../hub.ts';
import { complain, say } from '../status.ts';

type Filter = 'all' | 'open' | 'done';
const FILTERS: [Filter, string][] = [
  ['all', 'All'],
  ['open', 'Open'],
  ['done', 'Done'],
];

/** One's own tasks: to add, to tick off, to delete. */
export async function showTasks(me: User): Promise<HTMLElement[]> {
  const path = { user_id: me.id };
  const list = h('ul', { class: 'tasks', 'aria-label': 'Tasks' });
  const empty = h('p', { class: 'muted' });
  let filter: Filter = 'all';

  const load = async () => {
    const query = filter === 'all' ? {} : { is_completed: filter === 'done' };
    const entries: HTMLElement[] = [];
    for await (const task of hub.pages('/api/users/{user_id}/tasks', { params: { path, query } })) {
      entries.push(entry(task, load));
    }
    list.replaceChildren(...entries);
    empty.textContent = entries.length ? '' : 'Nothing here.';
  };
  const add = async ({ title }: { title: string }) => {
    await hub.api.POST('/api/users/{user_id}/tasks', { params: { path }, body: { title } });
    writer.reset();
    await load();
    say(`“${title}” is added.`);
  };
  const writer = form({
    label: 'Add a task',
    action: 'Add',
    fields: [{ name: 'title', label: 'New task' }],
    submit: add,
  });
  writer.classList.add('inline');

  const choose = (chosen: Filter) => {
    filter = chosen;
    load().catch(complain);
  };
  await load();
  return [h('section', { class: 'card' }, writer), h('section', { class: 'card' }, filterChoice(choose), list, empty)];
}

function filterChoice(choose: (filter: Filter) => void): HTMLElement {
  const choices = FILTERS.map(([value, label]) =>
    h(
      'label',
      {},
      h('input', { type: 'radio', name: 'filter', value, checked: value === 'all', change: () => choose(value) }),
      label,
    ),
  );
  return h('fieldset', { class: 'choices' }, h('legend', {}, 'Show'), ...choices);
}

function entry(task: Task, changed: () => Promise<void>): HTMLLIElement {
  const params = { path: { user_id: task.user_id, id: task.id } };
  const tick = async () => {
    try {
      await hub.api.PATCH('/api/users/{user_id}/tasks/{id}', { params, body: { is_completed: box.checked } });
    } catch (reason) {
      box.checked = task.is_completed;
      complain(reason);
    }
  };
  const remove = async () => {
    await hub.api.DELETE('/api/users/{user_id}/tasks/{id}', { params });
    await changed();
    say(`“${task.title}” is deleted.`);
  };
  const box = h('input', { type: 'checkbox', checked: task.is_completed, change: () => void tick() });
  return h(
    'li',
    {},
    h('label', {}, box, h('span', {}, task.title)),
    button('Delete', remove, { report: complain, class: 'quiet danger', 'aria-label': `Delete “${task.title}”` }),
  );
}
