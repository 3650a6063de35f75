// Whether a master or agent is open to strangers.
import type { FlagValues } from '../flags/flag.ts';
import type { SHARED_FLAGS } from './shared-flags.ts';

type Values = FlagValues<typeof SHARED_FLAGS> & { readonly authenticate_http_readwrite: boolean };

/** Whether it is an address of the loopback, which is reached from this machine only. */
export const isLoopback = (ip: string) => ip.startsWith('127.');

/**
 * A line for the log where it listens beyond this machine, and lets in those whom it does not know.
 * `others`: who authenticates besides those who read and change its state.
 */
export function exposureWarnings(
  listenIp: string,
  values: Values,
  others: Readonly<Record<string, boolean>>,
): readonly string[] {
  const closed = {
    TLS: values.ssl_enabled && !values.ssl_support_downgrade,
    'authentication of readers': values.authenticate_http_readonly,
    'authentication of writers': values.authenticate_http_readwrite,
    ...others,
    'access control lists': values.acls !== undefined,
  };
  const missing = Object.entries(closed).flatMap(([what, isOn]) => (isOn ? [] : what));
  return missing.length === 0 || isLoopback(listenIp)
    ? []
    : [
        `OPEN TO STRANGERS: it listens on ${listenIp}, beyond this machine, without ${missing.join(', ')}. ` +
          'To close it: mesoscale secure init',
      ];
}
