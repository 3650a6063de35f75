// The offers on the table: who has been offered what, and since when without an answer.
import { Chips, Choice, SearchField } from '../components/filters.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Failed, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { useReading } from '../components/reading.ts';
import { type Orders, sorting } from '../components/sorting.ts';
import { type Column, Table, TableCount } from '../components/table.tsx';
import { Ago } from '../components/time.tsx';
import { href } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import {
  type Holder,
  holdersOf,
  type OfferRow,
  type OffersAnswer,
  offerRows,
} from '../store/offers.ts';
import { byText } from '../store/task-list.ts';
import { haveWords, wordsOf } from '../store/wanted-words.ts';
import { call } from '../stream/requests.ts';
import { amountText, counted } from '../words/amounts.ts';
import { agentName } from '../words/conditions.ts';
import { amountsWords } from '../words/resources.ts';

const EVERY_MS = 3000;
/** Frameworks that are told of above the list, those that have waited for longest. */
const MAX_HOLDERS = 8;

/** The oldest are shown; of more it is said how many. */
const MAX_OFFERS = 5000;

const readOffers = (signal: AbortSignal): Promise<OffersAnswer> =>
  call<OffersAnswer>('GET_OFFERS', { get_offers: { limit: MAX_OFFERS } }, signal);

/** An offer with the names that people know. */
interface Line {
  readonly offer: OfferRow;
  readonly framework: string;
  readonly agent: string;
}

const ORDERS: Orders<Line> = {
  framework: (left, right) => byText(left.framework, right.framework),
  agent: (left, right) => byText(left.agent, right.agent),
  role: (left, right) => byText(left.offer.role, right.offer.role),
  cpus: (left, right) => left.offer.amounts[0] - right.offer.amounts[0],
  mem: (left, right) => left.offer.amounts[1] - right.offer.amounts[1],
  // By how long, so that the longest is the most.
  since: (left, right) => right.offer.madeMs - left.offer.madeMs,
};

export function OffersView() {
  const cluster = useCluster();
  const { value: answer, failure } = useReading('offers', EVERY_MS, readOffers);
  return (
    <>
      <div class="view-head">
        <h1>Offers</h1>
      </div>
      {answer !== undefined ? (
        <Offers offers={offerRows(answer)} more={answer.more ?? 0} cluster={cluster} />
      ) : failure === undefined ? (
        <Loading what="offers" />
      ) : (
        <Failed failure={failure} />
      )}
    </>
  );
}

interface OffersProps {
  readonly offers: readonly OfferRow[];
  readonly more: number;
  readonly cluster: Cluster | undefined;
}

function Offers({ offers, more, cluster }: OffersProps) {
  const { framework, role, q = '' } = place.value.query;
  const { sort, onSort, sorted } = sorting(ORDERS, { key: 'since', isDescending: true });
  if (offers.length === 0) {
    return (
      <Empty title="No offers">
        No framework is considering an offer now: all were taken or declined, or there is nothing to
        offer.
      </Empty>
    );
  }
  const nameOf = (id: string) => cluster?.frameworks.get(id)?.name || id;
  const words = wordsOf(q);
  const rows = sorted(
    offers
      .map((offer) => ({
        offer,
        framework: nameOf(offer.frameworkId),
        agent: agentName(cluster?.agent(offer.agentId)) ?? offer.agentId,
      }))
      .filter(({ offer, ...names }) => {
        const texts = [names.framework, names.agent, offer.role, offer.id, offer.words];
        return (
          (framework === undefined || offer.frameworkId === framework) &&
          (role === undefined || `${offer.role}/`.startsWith(`${role}/`)) &&
          haveWords(texts, words)
        );
      }),
  );
  return (
    <>
      <Holders holders={holdersOf(offers)} nameOf={nameOf} />
      <div class="filters">
        <SearchField label="Search frameworks, agents, resources" />
        <Choice
          name="role"
          label="Role"
          options={[
            ...new Set([
              ...(role === undefined ? [] : [role]),
              ...offers.map((offer) => offer.role),
            ]),
          ]
            .sort(byText)
            .map((value) => ({ value, text: value }))}
        />
        <Chips names={['framework']} nameOf={(_, id) => nameOf(id)} />
      </div>
      {rows.length === 0 ? (
        <Empty title="No offers">No offer passes these filters.</Empty>
      ) : (
        <>
          <TableCount
            text={`${counted(rows.length, 'offer')}${more === 0 ? '' : `, and ${counted(more, 'younger one')}`}`}
          />
          <Table
            label="Offers"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ offer }) => offer.id}
            hrefOf={({ offer }) => href(['frameworks', offer.frameworkId])}
            sort={sort}
            onSort={onSort}
          />
        </>
      )}
    </>
  );
}

interface HoldersProps {
  readonly holders: readonly Holder[];
  readonly nameOf: (id: string) => string;
}

/** Who sits on how much. */
function Holders({ holders, nameOf }: HoldersProps) {
  return (
    <section class="panel">
      <h2>Who has not answered</h2>
      <ul class="concerns">
        {holders.slice(0, MAX_HOLDERS).map(({ frameworkId, offers, amounts, oldestMs }) => (
          <li key={frameworkId}>
            <a class="concern concern-named" href={href(['offers'], { framework: frameworkId })}>
              <Name text={nameOf(frameworkId)} title={frameworkId} />
              <span>
                {counted(offers, 'offer')}, the oldest from <Ago ms={oldestMs} />:{' '}
                {amountsWords(amounts)}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {holders.length <= MAX_HOLDERS ? null : (
        <p class="quiet">And {counted(holders.length - MAX_HOLDERS, 'more framework')}.</p>
      )}
    </section>
  );
}

const COLUMNS: readonly Column<Line>[] = [
  {
    ...{ key: 'framework', title: 'Framework', width: '1.4fr', isSortable: true },
    cell: ({ framework, offer }) => <Name text={framework} title={offer.frameworkId} />,
  },
  {
    ...{ key: 'agent', title: 'Agent', width: '1.2fr', isSortable: true },
    cell: ({ agent, offer }) => (
      <a href={href(['agents', offer.agentId])}>
        <Name text={agent} title={offer.agentId} />
      </a>
    ),
  },
  {
    ...{ key: 'role', title: 'Role', width: '1fr', isSortable: true, isWide: true },
    cell: ({ offer }) => <Name text={offer.role} />,
  },
  {
    ...{ key: 'cpus', title: 'CPUs', width: '72px', isNumber: true, isSortable: true },
    cell: ({ offer }) => amountText('cpus', offer.amounts[0] / 1000),
  },
  {
    ...{ key: 'mem', title: 'Memory', width: '88px', isNumber: true },
    ...{ isSortable: true, isWide: true },
    cell: ({ offer }) => amountText('mem', offer.amounts[1] / 1000),
  },
  {
    ...{ key: 'words', title: 'All of it', width: '1.6fr', isWide: true },
    cell: ({ offer }) => <Name text={offer.words} />,
  },
  {
    ...{ key: 'since', title: 'Offered', width: '104px', isNumber: true, isSortable: true },
    phone: 'corner',
    cell: ({ offer }) => <Ago ms={offer.madeMs} />,
  },
  {
    ...{ key: 'end', title: 'Taken back', width: '104px', isNumber: true, isWide: true },
    cell: ({ offer }) => <Ago ms={offer.endMs} />,
  },
];
