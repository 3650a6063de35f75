// What is taken of a quota, in words.
import { amountText, type ResourceName } from './amounts.ts';

/** Of one resource; amounts in thousandths. */
export interface QuotaUse {
  readonly name: ResourceName;
  readonly consumed: number;
  readonly guarantee: number | undefined;
  readonly limit: number | undefined;
}

/** `1 taken, 2 guaranteed, no limit` */
export function quotaWords({ name, consumed, guarantee, limit }: QuotaUse): string {
  const text = (amount: number) => amountText(name, amount / 1000);
  return [
    `${text(consumed)} taken`,
    guarantee === undefined ? 'nothing guaranteed' : `${text(guarantee)} guaranteed`,
    limit === undefined ? 'no limit' : `limit ${text(limit)}`,
  ].join(', ');
}
