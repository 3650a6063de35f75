// `secure check`: what is open in a folder, on a master and on an agent.
import { type Carriers, plainCarriers } from '../../http/transport/carriers.ts';
import { parseAddress } from '../../model/address.ts';
import { findLeader } from '../command-master.ts';
import { counted } from '../counted.ts';
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import { credentialOf } from '../framework/framework-session.ts';
import { readMasterFlag } from '../master-flag.ts';
import { clientCarriers } from '../process/carriers.ts';
import { fileFindings } from './file-findings.ts';
import type { ServerKind } from './flag-findings.ts';
import type { SECURE_FLAGS } from './flags.ts';
import { serverFindings } from './server-findings.ts';

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
      const ways = await waysTo(values, kind, text);
      const address = await addressOf(kind, text, ways);
      const tls = ways && {
        own: ways.own.dialer,
        withoutCertificate: ways.withoutCertificate.dialer,
      };
      findings.push(...(await serverFindings({ kind, address, tls, credential })));
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

/** Rejects with FlagError. */
async function addressOf(kind: ServerKind, text: string, ways: Ways | undefined): Promise<string> {
  if (kind === 'master' && text.trim().startsWith('zk://')) {
    return leaderAt(text, ways);
  }
  const address = text
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/\/$/, '');
  if (parseAddress(address) === undefined) {
    const other = kind === 'master' ? ' or zk://host:port/path' : '';
    throw new FlagError(`--${kind} expects host:port${other}, got '${text}'`);
  }
  return address;
}

/** The master that leads by ZooKeeper; both ways expect its name in its certificate. */
async function leaderAt(text: string, ways: Ways | undefined): Promise<string> {
  const expectName = (address: string, host: string) => {
    ways?.own.expect?.(address, host);
    ways?.withoutCertificate.expect?.(address, host);
  };
  const { address, close } = await findLeader(
    await readMasterFlag(text),
    { ...plainCarriers, expect: expectName },
    (line) => process.stderr.write(`${line}\n`),
  );
  close();
  return address;
}

/** How to connect. */
interface Ways {
  readonly own: Carriers;
  /** As who has no certificate. */
  readonly withoutCertificate: Carriers;
}

/** Undefined where nothing says that connections are encrypted. Rejects with FlagError. */
async function waysTo(values: Values, name: ServerKind, text: string): Promise<Ways | undefined> {
  if (!values.ssl_enabled && !text.trim().startsWith('https:')) {
    return undefined;
  }
  const open = (own: Values) => clientCarriers(own, process.env, { name, text });
  return {
    own: await open(values),
    withoutCertificate: await open({
      ...values,
      ssl_cert_file: undefined,
      ssl_key_file: undefined,
    }),
  };
}
