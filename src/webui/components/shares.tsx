// What frameworks and roles hold of the cluster, and whom they refuse, asked again and again.
import {
  type LeafRow,
  type Part,
  type Shares,
  type SharesAnswer,
  sharesOf,
} from '../store/shares.ts';
import { call } from '../stream/requests.ts';
import { counted, percentText } from '../words/amounts.ts';
import { resourceTitle } from '../words/resources.ts';
import { Badge } from './badge.tsx';
import { type Reading, useReading } from './reading.ts';
import { Until } from './time.tsx';

const EVERY_MS = 5000;

/** Of all; or of a framework, or a role and those below it, alone. */
export const useShares = (
  of: { readonly framework_id?: { readonly value: string }; readonly role?: string } = {},
): Reading<Shares> =>
  useReading(`shares ${JSON.stringify(of)}`, EVERY_MS, async (signal) =>
    sharesOf(await call<SharesAnswer>('GET_SHARES', { get_shares: of }, signal)),
  );

/** `25 % of CPUs` */
export const partText = ({ share, resource }: Part): string =>
  resource === '' ? percentText(share) : `${percentText(share)} of ${resourceTitle(resource)}`;

/** A share as a bar with its percentage. */
export function PartBar({ part }: { part: Part | undefined }) {
  if (part === undefined) {
    return <span class="quiet">–</span>;
  }
  return (
    <span class="share" title={partText(part)}>
      <span class="share-track" aria-hidden="true">
        <span
          class="share-part"
          data-level="usual"
          style={{ width: `${Math.min(100, part.share * 100)}%` }}
        />
      </span>
      <span class="share-text number">{percentText(part.share)}</span>
    </span>
  );
}

/** Whether it wants offers, and which agents it refuses until when. */
export function Refusals({
  leaf: { isSuppressed, refusals, refusesUntilMs },
}: {
  leaf: Pick<LeafRow, 'isSuppressed' | 'refusals' | 'refusesUntilMs'>;
}) {
  if (isSuppressed) {
    return <Badge kind="done" text="Suppressed" title="It wants no offers for this role now." />;
  }
  return refusals === 0 ? (
    <span class="quiet">nothing</span>
  ) : (
    <>
      {counted(refusals, 'refusal')}, the last for <Until ms={refusesUntilMs} />
    </>
  );
}
