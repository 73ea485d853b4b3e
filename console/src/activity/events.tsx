import { texts } from '../texts.ts';
import type { Event, Named } from '../types.ts';
import { deviceOf, nameOf } from '../ui/person.tsx';
import { Facts } from '../ui/pieces.tsx';
import { href } from '../ui/router.ts';
import { When } from '../ui/when.tsx';
import { detailsOf, sentenceOf } from './sentences.ts';

/** Events as sentences, the newest first; what failed has a red edge and says so. */
export function Events({ events }: { events: Event[] }) {
  return (
    <ul class="card events">
      {events.map((event) => (
        <EventItem key={event.id} event={event} />
      ))}
    </ul>
  );
}

function EventItem({ event }: { event: Event }) {
  const { subject, somebody, words, by } = sentenceOf(event);
  return (
    <li data-row={event.id} class={event.outcome === 'failure' ? 'failed' : undefined}>
      <p>
        {subject ? <Person of={subject} /> : <span class="muted">{somebody}</span>} {words}
        {by && (
          <span class="muted">
            {' '}
            · {texts.events.by} {typeof by === 'string' ? by : <Person of={by} />}
          </span>
        )}
      </p>
      <details>
        <summary>
          {event.ip ?? texts.events.commandLine} · {event.user_agent ? deviceOf(event.user_agent) : '–'} ·{' '}
          <When at={event.at} />
        </summary>
        <Facts
          facts={[
            [
              texts.events.address,
              event.ip && <a href={href(['activity'], { ip: event.ip })}>{texts.events.allFrom(event.ip)}</a>,
            ],
            ...detailsOf(event),
          ]}
        />
      </details>
    </li>
  );
}

const Person = ({ of }: { of: Named }) => <a href={`#/users/${of.id}`}>{nameOf(of)}</a>;
