// A share of something as a small bar with the amount beside it, for tables.
import { amountText, percentText, type ResourceName } from '../words/amounts.ts';

interface ShareProps {
  readonly name: ResourceName;
  /** In thousandths. */
  readonly part: number;
  readonly total: number;
}

export function Share({ name, part, total }: ShareProps) {
  const share = total > 0 ? part / total : 0;
  const says = `${amountText(name, part / 1000)} of ${amountText(name, total / 1000)}, ${percentText(share)}`;
  return (
    <span class="share" title={says}>
      <span class="share-track" aria-hidden="true">
        <span
          class="share-part"
          data-level={share > 0.9 ? 'high' : 'usual'}
          style={{ width: `${Math.min(100, share * 100)}%` }}
        />
      </span>
      <span class="share-text number">{amountText(name, total / 1000)}</span>
    </span>
  );
}
