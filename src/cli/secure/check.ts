// `secure check`: what is open in a folder, on a master and on an agent.
import { parseAddress } from '../../model/address.ts';
import { counted } from '../counted.ts';
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import { credentialOf } from '../framework/framework-session.ts';
import { clientCarriers } from '../process/carriers.ts';
import { fileFindings } from './file-findings.ts';
import type { ServerKind } from './flag-findings.ts';
import type { SECURE_FLAGS } from './flags.ts';
import { serverFindings, type TlsDialers } from './server-findings.ts';

type Values = FlagValues<typeof SECURE_FLAGS>;

/**
 * The text to print; the exit status is 1 where something is open. Rejects with FlagError,
 * SecureError and the system's errors.
 */
export async function check(values: Values, rest: readonly string[]): Promise<string> {
  const { agent, dir, master, principal, secret } = values;
  if (rest.length > 0 || [agent, dir, master].every((place) => place === undefined)) {
    throw new FlagError('check expects no argument, but --dir, --master or --agent');
  }
  const credential = credentialOf(principal, secret);
  const findings = dir === undefined ? [] : [...(await fileFindings(dir))];
  for (const [kind, text] of [
    ['master', master],
    ['agent', agent],
  ] as const) {
    if (text !== undefined) {
      const tls = await tlsDialers(values, kind, text);
      findings.push(
        ...(await serverFindings({ kind, address: addressOf(kind, text), tls, credential })),
      );
    }
  }
  const lines = findings.map(
    ({ place, what, remedy, isAdvice }) =>
      `${place}: ${isAdvice ? 'consider that ' : ''}${what}\n  ${remedy}\n`,
  );
  const open = findings.filter(({ isAdvice }) => !isAdvice).length;
  process.exitCode = open === 0 ? 0 : 1;
  return `${lines.join('')}${open === 0 ? 'Nothing is open' : counted(open, 'finding')}\n`;
}

/** Throws FlagError. */
function addressOf(kind: ServerKind, text: string): string {
  const address = text
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/\/$/, '');
  if (parseAddress(address) === undefined) {
    throw new FlagError(`--${kind} expects host:port, got '${text}'`);
  }
  return address;
}

/** Undefined where nothing says that connections are encrypted. Rejects with FlagError. */
async function tlsDialers(
  values: Values,
  name: ServerKind,
  text: string,
): Promise<TlsDialers | undefined> {
  if (!values.ssl_enabled && !text.trim().startsWith('https:')) {
    return undefined;
  }
  const open = async (own: Values) =>
    (await clientCarriers(own, process.env, { name, text })).dialer;
  return {
    own: await open(values),
    withoutCertificate: await open({
      ...values,
      ssl_cert_file: undefined,
      ssl_key_file: undefined,
    }),
  };
}
