// What a framework has been offered and has not answered, and which agents it is asked to leave.
import { Name } from '../components/name.tsx';
import { useReading } from '../components/reading.ts';
import { Ago } from '../components/time.tsx';
import { href } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import { inverseOfferRows, type OffersAnswer, offerRows } from '../store/offers.ts';
import type { FrameworkRow } from '../store/rows.ts';
import { call } from '../stream/requests.ts';
import { counted } from '../words/amounts.ts';
import { agentName } from '../words/conditions.ts';

const EVERY_MS = 4000;
/** The oldest of each kind; of more it is said how many. */
const MAX_LISTED = 20;

interface FrameworkOffersProps {
  readonly framework: FrameworkRow;
  readonly cluster: Cluster;
}

export function FrameworkOffers({ framework: { id }, cluster }: FrameworkOffersProps) {
  const get_offers = { framework_id: { value: id }, limit: MAX_LISTED };
  const { value: answer } = useReading(`offers of ${id}`, EVERY_MS, (signal) =>
    call<OffersAnswer>('GET_OFFERS', { get_offers }, signal),
  );
  const offers = offerRows(answer ?? {});
  const inverse = inverseOfferRows(answer ?? {});
  const agentLink = (agentId: string) => (
    <a href={href(['agents', agentId])}>
      <Name text={agentName(cluster.agent(agentId)) ?? agentId} title={agentId} />
    </a>
  );
  return (
    <div class="split split-even">
      <section class="panel">
        <h2>Offers that it has</h2>
        {offers.length === 0 ? (
          <p class="quiet">{answer === undefined ? '…' : 'None: all are taken or declined.'}</p>
        ) : null}
        <ul class="lines">
          {offers.map(({ id: offer, agentId, role, words, madeMs }) => (
            <li key={offer}>
              {agentLink(agentId)} for <Name text={role} />, <Ago ms={madeMs} />:{' '}
              <Name text={words} />
            </li>
          ))}
        </ul>
        {answer?.more === undefined ? null : (
          <p class="quiet">
            And {counted(answer.more, 'more offer')}.{' '}
            <a href={href(['offers'], { framework: id })}>All of them</a>
          </p>
        )}
      </section>
      {inverse.length === 0 ? null : (
        <section class="panel">
          <h2>Agents that it is asked to leave</h2>
          <ul class="lines">
            {inverse.map(({ id: offer, agentId, startMs, madeMs }) => (
              <li key={offer}>
                {agentLink(agentId)}: its maintenance begins <Ago ms={startMs} />; asked{' '}
                <Ago ms={madeMs} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
