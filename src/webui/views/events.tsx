// What happens in the cluster, as it is told: the newest events since the page was opened.
import { useState } from 'preact/hooks';
import { Badge, StateBadge } from '../components/badge.tsx';
import { Chips, Choice, Pills, SearchField } from '../components/filters.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { type Column, Table, TableCount } from '../components/table.tsx';
import { Ago } from '../components/time.tsx';
import { href } from '../locations/location.ts';
import { eventPasses } from '../store/event-filter.ts';
import {
  type ClusterEvent,
  type EventSubject,
  MAX_EVENTS,
  type TailedEvent,
} from '../store/event-tail.ts';
import { eventTail } from '../stream/connection.ts';
import { counted } from '../words/amounts.ts';
import { stateWords } from '../words/task-states.ts';

const SUBJECTS: Readonly<Record<EventSubject, { one: string; many: string }>> = {
  task: { one: 'Task', many: 'Tasks' },
  agent: { one: 'Agent', many: 'Agents' },
  framework: { one: 'Framework', many: 'Frameworks' },
};

const CHANGES = {
  added: { kind: 'good', text: 'New' },
  changed: { kind: 'begin', text: 'Changed' },
  gone: { kind: 'lost', text: 'Gone' },
} as const satisfies Readonly<Record<ClusterEvent['change'], object>>;

export function EventsView() {
  const cluster = useCluster();
  const [held, setHeld] = useState<readonly TailedEvent[]>();
  return (
    <>
      <div class="view-head">
        <h1>Events</h1>
        <button
          type="button"
          class="button"
          onClick={() => setHeld(held === undefined ? eventTail.newest() : undefined)}
        >
          {held === undefined ? 'Pause' : 'Go on'}
        </button>
      </div>
      {cluster === undefined ? (
        <Loading what="events" />
      ) : (
        <Events events={held ?? eventTail.newest()} />
      )}
    </>
  );
}

function Events({ events }: { events: readonly TailedEvent[] }) {
  const rows = events.filter(eventPasses(place.value.query, changeText));
  return (
    <>
      <div class="filters">
        <SearchField label="Search names, ids, states" />
        <Pills
          name="subject"
          label="Subject"
          options={[
            { value: '', text: 'All', count: events.length },
            ...Object.entries(SUBJECTS).map(([value, { many }]) => ({
              ...{ value, text: many },
              count: events.filter((event) => event.subject === value).length,
            })),
          ]}
        />
        <Choice
          name="change"
          label="What"
          options={Object.entries(CHANGES).map(([value, { text }]) => ({ value, text }))}
        />
        <Chips names={['framework']} />
      </div>
      {rows.length === 0 ? (
        <Empty title="No events">
          {events.length === 0
            ? 'Nothing has happened since this page was opened. What does comes here by itself.'
            : 'No event passes these filters.'}
        </Empty>
      ) : (
        <>
          <TableCount
            text={`${counted(rows.length, 'event')}${events.length < MAX_EVENTS ? '' : ', the newest'}`}
          />
          <Table
            label="Events"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ number }) => `${number}`}
            hrefOf={linkOf}
          />
        </>
      )}
    </>
  );
}

const changeText = ({ change, state }: ClusterEvent) =>
  state === undefined || change === 'added' ? CHANGES[change].text : stateWords(state).text;

function linkOf({ subject, id, frameworkId }: ClusterEvent): string {
  switch (subject) {
    case 'task':
      return href(['tasks', frameworkId, id]);
    case 'agent':
      return href(['agents', id]);
    case 'framework':
      return href(['frameworks', id]);
    default:
      return subject satisfies never;
  }
}

const COLUMNS: readonly Column<TailedEvent>[] = [
  {
    ...{ key: 'name', title: 'Name', width: '2fr' },
    cell: ({ name, id }) => <Name text={name} title={id} />,
  },
  {
    ...{ key: 'subject', title: 'Of', width: '90px', phone: 'corner' },
    cell: ({ subject }) => SUBJECTS[subject].one,
  },
  {
    ...{ key: 'change', title: 'What', width: '130px' },
    cell: ({ change, state }) =>
      state === undefined || change === 'added' ? (
        <Badge {...CHANGES[change]} />
      ) : (
        <StateBadge state={state} />
      ),
  },
  {
    ...{ key: 'id', title: 'Id', width: '2fr', isWide: true },
    cell: ({ id }) => <Name text={id} />,
  },
  {
    ...{ key: 'heard', title: 'Heard', width: '100px', isNumber: true, isWide: true },
    phone: 'below',
    cell: ({ heardMs }) => <Ago ms={heardMs} />,
  },
];
