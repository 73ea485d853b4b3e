import { post } from '../hub.ts';
import { texts } from '../texts.ts';
import type { BulkResult } from '../types.ts';
import { confirm, type Words } from '../ui/dialog.tsx';
import { Button } from '../ui/pieces.tsx';
import { attempt, say } from '../ui/status.tsx';

const t = texts.bulk;

/** What can be done to many at once, and what takes it back. */
const ACTIONS = {
  deactivate: { undo: 'activate', isDanger: true, asksReason: true },
  activate: { undo: 'deactivate' },
  end_sessions: { isDanger: true },
  delete: { undo: 'restore', isDanger: true },
  restore: { undo: 'delete' },
} as const satisfies Record<string, { undo?: string; isDanger?: boolean; asksReason?: boolean }>;
type Action = keyof typeof ACTIONS;

interface BulkProps {
  ids: string[];
  /** Whether those in the list are deleted: they can only come back. */
  areDeleted: boolean;
  /** What came of it, by id; whoever isn't named went well. */
  done: (failures: Map<string, string>) => Promise<void>;
  clear: () => void;
}

/** What to do with those who are ticked; at the foot of the page. */
export function BulkBar({ ids, areDeleted, done, clear }: BulkProps) {
  const run = async (action: Action, reason?: string) => {
    const { results } = await post<{ results: BulkResult[] }>('/api/users/bulk', { ids, action, reason });
    const [good, bad] = [results.filter(isGood), results.filter((result) => !isGood(result))];
    const { undo } = ACTIONS[action] as { undo?: Action };
    const takeBack = async () => {
      await post('/api/users/bulk', { ids: good.map(({ id }) => id), action: undo });
      await done(new Map());
    };
    say(t.said(t.acts[action].done, good.length, bad.length), undo && good.length ? takeBack : undefined);
    await done(new Map(bad.map(({ id, code = '' }) => [id, texts.problems[code] ?? code])));
  };
  const ask = (action: Action) => {
    const { isDanger, asksReason } = ACTIONS[action] as { isDanger?: boolean; asksReason?: boolean };
    if (!isDanger) return attempt(() => run(action));
    const { act, title, text } = t.acts[action] as Words;
    return confirm({ act, title, text }, (reason) => run(action, reason), { what: String(ids.length), asksReason });
  };
  const offered: Action[] = areDeleted ? ['restore'] : ['deactivate', 'activate', 'end_sessions', 'delete'];
  return (
    <div class="bulk" role="group" aria-label={t.label}>
      <b>{t.ticked(ids.length)}</b>
      {offered.map((action) => (
        <Button key={action} kind={action === 'delete' ? 'danger' : undefined} act={() => ask(action)}>
          {t.acts[action].act}
        </Button>
      ))}
      <Button kind="small" act={clear}>
        {t.clear}
      </Button>
    </div>
  );
}

const isGood = ({ status }: BulkResult) => status < 400;
