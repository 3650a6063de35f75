// What a role takes of its quota of one resource: a bar up to its limit, with a mark where its
// guarantee ends.
import { amountText } from '../words/amounts.ts';
import { type QuotaUse, quotaWords } from '../words/quotas.ts';

export function QuotaBar(use: QuotaUse) {
  const { name, consumed, guarantee, limit } = use;
  if (guarantee === undefined && limit === undefined) {
    return <span class="quiet">–</span>;
  }
  const whole = Math.max(limit ?? 0, guarantee ?? 0, limit === undefined ? consumed : 0, 1);
  const part = (amount: number) => `${Math.min(100, (100 * amount) / whole)}%`;
  const says = quotaWords(use);
  const isFull = limit !== undefined && consumed >= limit;
  return (
    <span class="share" title={says}>
      <span class="share-track quota-track" role="img" aria-label={says}>
        <span
          class="share-part"
          data-level={isFull ? 'high' : 'usual'}
          style={{ width: part(consumed) }}
        />
        {guarantee === undefined ? null : (
          <span class="quota-mark" style={{ left: part(guarantee) }} />
        )}
      </span>
      <span class="share-text number">{amountText(name, (limit ?? guarantee ?? 0) / 1000)}</span>
    </span>
  );
}
