// Moments as operators write them: a time of day, or how far away it is.
import { parseDuration } from '../../../model/duration.ts';
import { FlagError } from '../../flags/faults.ts';

const DATE = /^\d{4}-\d\d-\d\d$/;
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?$/i;

/** Milliseconds since 1970. Without a zone the time is that of this machine. Throws FlagError. */
export function momentIn(flag: string, text: string, nowMs: number): number {
  if (text === 'now') {
    return nowMs;
  }
  const awayMs = parseDuration(text);
  if (awayMs !== undefined) {
    return nowMs + awayMs;
  }
  const [, day, time, zone = ''] = TIME.exec(text) ?? [];
  const written = DATE.test(text) ? `${text}T00:00` : `${day}T${time}${zone.toUpperCase()}`;
  const ms = new Date(written).getTime();
  if (Number.isNaN(ms)) {
    throw new FlagError(
      `--${flag} expects now, a time such as 2027-01-31T22:00 or 2027-01-31T22:00Z, or how far away it is, such as 2hrs; got '${text}'`,
    );
  }
  return ms;
}
