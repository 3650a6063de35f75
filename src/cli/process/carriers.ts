// What carries the bytes of all connections of a program: one pair for everything in it that
// accepts connections or opens them.
import { type Carriers, plainCarriers } from '../../http/transport/carriers.ts';
import { FlagError } from '../flags/faults.ts';

/** By which the programs of Mesos are told to encrypt their connections. */
const TLS_VARIABLE = 'LIBPROCESS_SSL_ENABLED';
const IS_ON = /^(?:1|true)$/;

/** Who has asked for TLS must not get bare connections. Throws FlagError. */
export function carriersFrom(environment: NodeJS.ProcessEnv): Carriers {
  if (IS_ON.test(environment[TLS_VARIABLE] ?? '')) {
    throw new FlagError(
      `TLS is not supported yet (${TLS_VARIABLE} is set in the environment): connections are not encrypted`,
    );
  }
  return plainCarriers;
}
