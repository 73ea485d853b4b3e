import type { Task, User } from '@userhub/client';
import { filters, keepFilters } from '../address.ts';
import { ask } from '../ask.ts';
import { button, emptiness, h } from '../dom.ts';
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
  const empty = h('div');
  let filter = FILTERS.map(([value]) => value).find((value) => value === filters().get('show')) ?? 'all';

  const load = async () => {
    const query = filter === 'all' ? {} : { is_completed: filter === 'done' };
    const entries: HTMLElement[] = [];
    for await (const task of hub.pages('/api/users/{user_id}/tasks', { params: { path, query } })) {
      entries.push(entry(task, load));
    }
    list.replaceChildren(...entries);
    empty.replaceChildren(...(entries.length ? [] : [nothing()]));
  };
  const nothing = () =>
    filter === 'all'
      ? emptiness('No tasks yet.', 'Add the first one', () => writer.querySelector('input')?.focus())
      : emptiness(filter === 'open' ? 'Nothing left to do.' : 'Nothing done yet.', 'Show all tasks', () => show('all'));
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

  const show = (chosen: Filter) => {
    filter = chosen;
    keepFilters({ show: chosen === 'all' ? '' : chosen });
    const choice = choices.querySelector<HTMLInputElement>(`[value=${chosen}]`);
    if (choice) choice.checked = true;
    load().catch(complain);
  };
  const choices = filterChoice(filter, show);
  await load();
  return [h('section', { class: 'card' }, writer), h('section', { class: 'card' }, choices, list, empty)];
}

function filterChoice(chosen: Filter, choose: (filter: Filter) => void): HTMLElement {
  const choices = FILTERS.map(([value, label]) =>
    h(
      'label',
      {},
      h('input', { type: 'radio', name: 'filter', value, checked: value === chosen, change: () => choose(value) }),
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
    if (!(await ask(`Delete “${task.title}”?`, 'Delete the task'))) return;
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
