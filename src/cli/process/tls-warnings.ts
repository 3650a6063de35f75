// Settings of TLS that a master or agent was given and that do nothing, for its log: whoever has
// set them takes connections for closed that are open.
import { closestName } from '../../model/closest-name.ts';
import type { TlsFlagValues } from './carriers.ts';
import { TLS_FLAGS } from './tls-flags.ts';

const PREFIX = 'LIBPROCESS_SSL_';

const VARIABLES: readonly string[] = Object.values(TLS_FLAGS).flatMap(({ variables }) => variables);

/** What is of no use to a program that does not encrypt. */
const WITHOUT_EFFECT = [
  'ssl_cert_file',
  'ssl_require_client_cert',
  'ssl_verify_server_cert',
] as const;

export function tlsWarnings(
  values: TlsFlagValues,
  environment: NodeJS.ProcessEnv,
): readonly string[] {
  const unknown = Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !VARIABLES.includes(name))
    .map((name) => {
      const meant = closestName(name, VARIABLES);
      const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
      return `${name} in the environment is no setting, and has no effect${hint}`;
    });
  const idle = values.ssl_enabled
    ? []
    : WITHOUT_EFFECT.filter((name) => values[name] !== undefined && values[name] !== false).map(
        (name) => `--${name} has no effect without --ssl_enabled: connections are not encrypted`,
      );
  return [...unknown, ...idle];
}
