// The carriers of a program's connections: one pair for everything in it that accepts or opens
// connections.
import { type Carriers, plainCarriers } from '../../http/transport/carriers.ts';
import { FlagError } from '../flags/faults.ts';

/** The variable by which programs of Mesos are told to encrypt their connections. */
const TLS_VARIABLE = 'LIBPROCESS_SSL_ENABLED';
const IS_ON = /^(?:1|true)$/;

/**
 * Throws FlagError where the environment asks for TLS: a program that should encrypt must not run
 * without.
 */
export function carriersFrom(environment: NodeJS.ProcessEnv): Carriers {
  if (IS_ON.test(environment[TLS_VARIABLE] ?? '')) {
    throw new FlagError(
      `TLS is not supported yet (${TLS_VARIABLE} is set in the environment): connections are not encrypted`,
    );
  }
  return plainCarriers;
}
