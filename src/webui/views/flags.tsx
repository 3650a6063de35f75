// How the master was started, and which versions there are in the cluster.
import { Fact, Facts } from '../components/facts.tsx';
import { SearchField } from '../components/filters.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Failed, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { useReading } from '../components/reading.ts';
import { type Column, Table, TableCount } from '../components/table.tsx';
import { Ago } from '../components/time.tsx';
import { href } from '../locations/location.ts';
import { byText } from '../store/task-list.ts';
import { call } from '../stream/requests.ts';
import { counted } from '../words/amounts.ts';

/** What they tell does not change while a master runs. */
const EVERY_MS = 60_000;

interface FlagRow {
  readonly name: string;
  readonly value?: string;
}

interface Version {
  readonly version_info?: { readonly version?: string };
}

interface Master {
  readonly master_info?: { readonly hostname?: string; readonly port?: number };
  /** In seconds since 1970. */
  readonly start_time?: number;
  readonly elected_time?: number;
}

const readFlags = async (signal: AbortSignal): Promise<readonly FlagRow[]> =>
  (await call<{ flags?: readonly FlagRow[] }>('GET_FLAGS', {}, signal)).flags ?? [];

const readMaster = async (signal: AbortSignal): Promise<Version & Master> => {
  const [version, master] = await Promise.all([
    call<Version>('GET_VERSION', {}, signal),
    call<Master>('GET_MASTER', {}, signal),
  ]);
  return { ...version, ...master };
};

export function FlagsView() {
  const { value: flags, failure } = useReading('flags', EVERY_MS, readFlags);
  return (
    <>
      <div class="view-head">
        <h1>Flags and versions</h1>
      </div>
      <Versions />
      <h2 class="section">Flags of the master</h2>
      {flags !== undefined ? (
        <Flags flags={flags} />
      ) : failure === undefined ? (
        <Loading what="flags" />
      ) : (
        <Failed failure={failure} />
      )}
    </>
  );
}

function Versions() {
  const cluster = useCluster();
  const { value: master, failure } = useReading('master', EVERY_MS, readMaster);
  const versions = Map.groupBy(cluster?.agents.values() ?? [], ({ version }) => version);
  return (
    <div class="split split-even">
      <section class="panel">
        <h2>Master</h2>
        {master !== undefined ? (
          <MasterFacts master={master} />
        ) : failure === undefined ? (
          <Loading what="the master" lines={3} />
        ) : (
          <Failed failure={failure} />
        )}
      </section>
      <section class="panel">
        <h2>Agents</h2>
        {versions.size === 0 ? <p class="quiet">None.</p> : null}
        <Facts>
          {[...versions]
            .sort(([left], [right]) => byText(left, right))
            .map(([version, agents]) => (
              <Fact key={version} name={version === '' ? 'Not known' : version}>
                {counted(agents.length, 'agent')}
              </Fact>
            ))}
        </Facts>
      </section>
    </div>
  );
}

function MasterFacts({ master }: { master: Version & Master }) {
  const { version_info, master_info, start_time = 0, elected_time = 0 } = master;
  return (
    <Facts>
      <Fact name="Version">
        <Name text={version_info?.version ?? ''} />
      </Fact>
      <Fact name="Host">
        <Name text={`${master_info?.hostname ?? ''}:${master_info?.port ?? ''}`} />
      </Fact>
      <Fact name="Started">
        <Ago ms={start_time * 1000} />
      </Fact>
      <Fact name="Leads since">
        <Ago ms={elected_time * 1000} />
      </Fact>
    </Facts>
  );
}

function Flags({ flags }: { flags: readonly FlagRow[] }) {
  const wanted = (place.value.query.q ?? '').toLowerCase();
  const rows = flags
    .filter(({ name, value = '' }) => `${name} ${value}`.toLowerCase().includes(wanted))
    .toSorted((left, right) => byText(left.name, right.name));
  return (
    <>
      <div class="filters">
        <SearchField label="Search flags" />
      </div>
      {rows.length === 0 ? (
        <Empty title="No flags">No flag passes this filter.</Empty>
      ) : (
        <>
          <TableCount text={counted(rows.length, 'flag')} />
          <Table
            label="Flags"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ name }) => name}
            hrefOf={({ name }) => href(['flags'], { q: name })}
          />
        </>
      )}
    </>
  );
}

const COLUMNS: readonly Column<FlagRow>[] = [
  {
    key: 'name',
    title: 'Flag',
    width: '1fr',
    cell: ({ name }) => <Name text={name} />,
  },
  {
    key: 'value',
    title: 'Value',
    width: '2fr',
    cell: ({ value = '' }) => <Name text={value} />,
  },
];
