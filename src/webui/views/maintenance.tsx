// Maintenance: when machines are to be away, on a line of time, and how far that has come.

import type { Schedule } from '../calls/maintenance.ts';
import { ConditionBadge } from '../components/badge.tsx';
import { SearchField } from '../components/filters.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Failed, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { useReading } from '../components/reading.ts';
import { type Column, Table, TableCount } from '../components/table.tsx';
import { Ago } from '../components/time.tsx';
import { type Action, actionsDone } from '../dialogs/action.tsx';
import { ActionBar } from '../dialogs/action-bar.tsx';
import {
  askSchedule,
  bringUp,
  changeWindow,
  removeWindow,
  scheduleWindow,
  takeDown,
} from '../dialogs/maintenance-actions.tsx';
import { href } from '../locations/location.ts';
import {
  type MachineRow,
  machineRows,
  type StatusAnswer,
  spanOf,
  ticksOf,
  type WindowRow,
  windowRows,
} from '../store/maintenance.ts';
import { inverseOfferRows, type OffersAnswer } from '../store/offers.ts';
import { call } from '../stream/requests.ts';
import { counted, spanText } from '../words/amounts.ts';
import { agentName, MACHINE_CONDITIONS } from '../words/conditions.ts';

const EVERY_MS = 4000;
/** Windows on the line of time, and machines that are named at one. */
const MAX_WINDOWS = 40;
const MAX_NAMED = 4;
/** Inverse offers that are told of, the oldest. */
const MAX_UNANSWERED = 20;
/** Moments that are named below the line of time. */
const TICKS = 4;
const MOMENT = new Intl.DateTimeFormat(undefined, {
  ...{ weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
});

interface Maintenance {
  readonly schedule: Schedule;
  readonly windows: readonly WindowRow[];
  readonly machines: readonly MachineRow[];
}

async function readMaintenance(signal: AbortSignal): Promise<Maintenance> {
  const [schedule, status] = await Promise.all([
    askSchedule(signal),
    call<StatusAnswer>('GET_MAINTENANCE_STATUS', {}, signal),
  ]);
  const windows = windowRows(schedule);
  return { schedule, windows, machines: machineRows(status, windows) };
}

export function MaintenanceView() {
  const { value, failure } = useReading(
    `maintenance ${actionsDone.value}`,
    EVERY_MS,
    readMaintenance,
  );
  return (
    <>
      <div class="view-head">
        <h1>Maintenance</h1>
        {value === undefined ? null : <ActionBar actions={[scheduleWindow(value.schedule)]} />}
      </div>
      {value === undefined ? (
        failure === undefined ? (
          <Loading what="maintenance" />
        ) : (
          <Failed failure={failure} />
        )
      ) : value.windows.length === 0 && value.machines.length === 0 ? (
        <Empty title="No maintenance">Nothing is scheduled, and no machine is down.</Empty>
      ) : (
        <>
          <Windows {...value} />
          <Unanswered />
          <Machines machines={value.machines} />
        </>
      )}
    </>
  );
}

function Windows({ schedule, windows, machines: all }: Maintenance) {
  if (windows.length === 0) {
    return null;
  }
  const nowMs = Date.now();
  const span = spanOf(windows, nowMs);
  const at = (ms: number) => (100 * (ms - span.fromMs)) / (span.toMs - span.fromMs);
  return (
    <section class="panel">
      <h2>Schedule</h2>
      <ol class="windows">
        {windows.slice(0, MAX_WINDOWS).map((window) => {
          const { index, machines, startMs, endMs } = window;
          return (
            <li key={index}>
              <Name text={namesText(machines)} title={machines.join(', ')} />
              <span class="window-track" aria-hidden="true">
                <span
                  class="window-part"
                  data-open={endMs === undefined}
                  style={{
                    left: `${at(startMs)}%`,
                    width: `${at(endMs ?? span.toMs) - at(startMs)}%`,
                  }}
                />
                <span class="window-now" style={{ left: `${at(nowMs)}%` }} />
              </span>
              <span class="quiet">
                {startMs <= nowMs
                  ? 'began'
                  : isDownAlready(window, all)
                    ? 'is down already; was to begin'
                    : 'begins'}{' '}
                <Ago ms={startMs} /> ({MOMENT.format(startMs)}),{' '}
                {endMs === undefined ? 'without an end' : `for ${spanText(endMs - startMs)}`}
              </span>
              <ActionBar
                actions={[
                  changeWindow(schedule, window),
                  removeWindow(schedule, window),
                  ...windowModes(window, all),
                ]}
              />
            </li>
          );
        })}
        <li aria-hidden="true">
          <span class="window-axis quiet">
            {ticksOf(span, TICKS).map((ms) => (
              <time key={ms} dateTime={new Date(ms).toISOString()}>
                {MOMENT.format(ms)}
              </time>
            ))}
          </span>
        </li>
      </ol>
      {windows.length <= MAX_WINDOWS ? null : (
        <p class="quiet">And {counted(windows.length - MAX_WINDOWS, 'later window')}.</p>
      )}
    </section>
  );
}

/** Inverse offers on the table: whoever has not said yet whether it leaves an agent. */
function Unanswered() {
  const cluster = useCluster();
  const { value } = useReading('inverse offers', EVERY_MS, (signal) =>
    call<OffersAnswer>('GET_OFFERS', { get_offers: { limit: MAX_UNANSWERED } }, signal),
  );
  const rows = inverseOfferRows(value ?? {});
  if (rows.length === 0) {
    return null;
  }
  return (
    <section class="panel unanswered">
      <h2>Frameworks that have not answered</h2>
      <ul class="lines">
        {rows.map(({ id, frameworkId, agentId, startMs, madeMs }) => (
          <li key={id}>
            <a href={href(['frameworks', frameworkId])}>
              <Name text={cluster?.frameworks.get(frameworkId)?.name || frameworkId} />
            </a>{' '}
            is to leave{' '}
            <a href={href(['agents', agentId])}>
              <Name text={agentName(cluster?.agent(agentId)) ?? agentId} title={agentId} />
            </a>
            : its maintenance begins <Ago ms={startMs} />; asked <Ago ms={madeMs} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** For all machines of a window that are so. */
function windowModes(window: WindowRow, all: readonly MachineRow[]): readonly Action[] {
  const within = (wanted: MachineRow['mode']) =>
    all
      .filter(({ mode, window: { index } = {} }) => mode === wanted && index === window.index)
      .map(({ id }) => id);
  const [draining, down] = [within('draining'), within('down')];
  return [
    ...(draining.length > 0 ? [takeDown(draining)] : []),
    ...(down.length > 0 ? [bringUp(down)] : []),
  ];
}

const isDownAlready = ({ index }: WindowRow, all: readonly MachineRow[]) =>
  all.some(({ mode, window }) => mode === 'down' && window?.index === index);

function namesText(machines: readonly string[]): string {
  const more = machines.length - MAX_NAMED;
  const named = machines.slice(0, MAX_NAMED).join(', ');
  return more > 0 ? `${named} and ${more} more` : named;
}

function Machines({ machines }: { machines: readonly MachineRow[] }) {
  const wanted = (place.value.query.q ?? '').toLowerCase();
  const rows = machines.filter(({ name }) => name.toLowerCase().includes(wanted));
  return (
    <>
      <h2 class="section">Machines</h2>
      <div class="filters">
        <SearchField label="Search machines" />
      </div>
      {rows.length === 0 ? (
        <Empty title="No machines">No machine passes this filter.</Empty>
      ) : (
        <>
          <TableCount text={counted(rows.length, 'machine')} />
          <Table
            label="Machines"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ name }) => name}
            hrefOf={({ name }) => href(['agents'], { q: name.replace(/ \(.*/, '') })}
          />
        </>
      )}
    </>
  );
}

const COLUMNS: readonly Column<MachineRow>[] = [
  {
    ...{ key: 'name', title: 'Machine', width: '1.6fr' },
    cell: ({ name }) => <Name text={name} />,
  },
  {
    ...{ key: 'mode', title: 'State', width: '100px' },
    cell: ({ mode }) => <ConditionBadge condition={MACHINE_CONDITIONS[mode]} />,
  },
  {
    ...{ key: 'start', title: 'Begins', width: '110px', isNumber: true, isWide: true },
    phone: 'below',
    cell: ({ window }) => <Ago ms={window?.startMs ?? 0} />,
  },
  {
    ...{ key: 'end', title: 'Ends', width: '110px', isNumber: true, isWide: true },
    cell: ({ window }) => <Ago ms={window?.endMs ?? 0} />,
  },
  {
    ...{ key: 'answers', title: 'Frameworks say', width: '1fr', isWide: true },
    cell: ({ accepted, declined }) =>
      accepted + declined === 0 ? (
        <span class="quiet">nothing yet</span>
      ) : (
        `${accepted} will leave, ${declined} will not`
      ),
  },
  {
    ...{ key: 'action', title: 'Action', width: '112px' },
    phone: 'corner',
    cell: ({ id, mode }) => (
      <ActionBar actions={[mode === 'down' ? bringUp([id]) : takeDown([id])]} />
    ),
  },
];
