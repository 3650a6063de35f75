// What `GET_OFFERS` answers as rows: what frameworks have been offered and have not answered.
import type { MasterResponse_GetOffers } from '../../model/generated/messages.ts';
import { resourceWords } from '../words/resources.ts';
import type { Seen } from './shapes.ts';
import { type Amounts, amountsOf, noAmounts } from './sums.ts';

export interface OfferRow {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly role: string;
  readonly amounts: Amounts;
  /** Each of its resources in words. */
  readonly words: string;
  readonly madeMs: number;
  /** When the master takes it back; 0 for never. */
  readonly endMs: number;
}

/** What a framework has not answered, all together. */
export interface Holder {
  readonly frameworkId: string;
  readonly offers: number;
  readonly amounts: Amounts;
  readonly oldestMs: number;
}

/** What is asked of a framework for an agent's maintenance. */
export interface InverseOfferRow {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly startMs: number;
  readonly madeMs: number;
}

/** In JSON. */
export type OffersAnswer = Seen<MasterResponse_GetOffers>;

export const inverseOfferRows = ({
  inverse_offers = [],
}: OffersAnswer): readonly InverseOfferRow[] =>
  inverse_offers.map(({ inverse_offer_id, framework_id, agent_id, unavailability, made_time }) => ({
    id: inverse_offer_id?.value ?? '',
    frameworkId: framework_id?.value ?? '',
    agentId: agent_id?.value ?? '',
    startMs: (unavailability?.start?.nanoseconds ?? 0) / 1e6,
    madeMs: (made_time?.nanoseconds ?? 0) / 1e6,
  }));

/** In the order in which they were made. */
export function offerRows({ offers = [] }: OffersAnswer): readonly OfferRow[] {
  return offers.map(
    ({ offer_id, framework_id, agent_id, role = '*', resources = [], made_time, end_time }) => ({
      id: offer_id?.value ?? '',
      frameworkId: framework_id?.value ?? '',
      agentId: agent_id?.value ?? '',
      role,
      amounts: amountsOf(resources),
      words: resources.map(resourceWords).join('; '),
      madeMs: (made_time?.nanoseconds ?? 0) / 1e6,
      endMs: (end_time?.nanoseconds ?? 0) / 1e6,
    }),
  );
}

/** Who has waited for longest comes first. */
export function holdersOf(offers: readonly OfferRow[]): readonly Holder[] {
  return [...Map.groupBy(offers, ({ frameworkId }) => frameworkId)]
    .map(([frameworkId, held]) => ({
      frameworkId,
      offers: held.length,
      amounts: held.reduce((sum, { amounts }) => {
        amounts.forEach((amount, index) => {
          sum[index] = (sum[index] ?? 0) + amount;
        });
        return sum;
      }, noAmounts()),
      oldestMs: held.reduce((oldest, { madeMs }) => Math.min(oldest, madeMs), Infinity),
    }))
    .sort((left, right) => left.oldestMs - right.oldestMs);
}
