// What is open on a master or agent that runs: whom it answers, and what its flags tell.
import { OperatorClient } from '../../http/client/operator-client.ts';
import type { CallRefusedError } from '../../http/client/scheduler-client.ts';
import type { Credential } from '../../http/server/credentials.ts';
import { type Dialer, plainDialer } from '../../http/transport/dialer.ts';
import type { Finding } from './finding.ts';
import { flagOpenings, type Opening, type ServerKind } from './flag-findings.ts';

export interface Server {
  readonly kind: ServerKind;
  /** host:port. */
  readonly address: string;
  /** Undefined where this command has no settings of TLS. */
  readonly tls: TlsDialers | undefined;
  readonly credential: Credential | undefined;
}

interface TlsDialers {
  /** Shows the certificate of this command, where it has one. */
  readonly own: Dialer;
  readonly withoutCertificate: Dialer;
}

const TIMEOUT_MS = 10_000;

export async function serverFindings(server: Server): Promise<readonly Finding[]> {
  const openings = [...(await connectionOpenings(server)), ...(await flagsOpenings(server))];
  return openings.map((opening) => ({ place: server.address, ...opening }));
}

async function connectionOpenings(server: Server): Promise<readonly Opening[]> {
  const openings: Opening[] = [];
  if (await answers(server, plainDialer)) {
    openings.push({
      what: 'it takes connections that are not encrypted',
      remedy: 'Start it with --ssl_enabled, and without --ssl_support_downgrade.',
    });
  }
  if (server.tls !== undefined && (await answers(server, server.tls.withoutCertificate))) {
    openings.push({
      what: 'it takes connections of those who have no certificate',
      remedy: 'Start it with --ssl_require_client_cert.',
    });
  }
  return openings;
}

/** Whether it is well, for those who connect in this way; nobody needs a credential for that. */
async function answers({ address }: Server, dialer: Dialer): Promise<boolean> {
  try {
    await new OperatorClient({ address, dialer, timeoutMs: TIMEOUT_MS }).get('/health');
    return true;
  } catch {
    return false;
  }
}

async function flagsOpenings(server: Server): Promise<readonly Opening[]> {
  const unasked = await flagsFor(server, undefined);
  const flags = await flagsFor(server, server.credential);
  const openings: readonly Opening[] =
    unasked instanceof Error
      ? []
      : [
          {
            what: 'whoever reaches its port reads its flags and its state',
            remedy: 'Start it with --authenticate_http_readonly.',
          },
        ];
  return flags instanceof Error
    ? [...openings, unread(server, flags)]
    : [...openings, ...flagOpenings(server.kind, flags)];
}

function unread({ credential, kind }: Server, error: Error): Opening {
  const who = credential?.principal ?? 'nobody';
  const { status } = error as Partial<CallRefusedError>;
  return status === 401 || status === 403
    ? {
        what: `what else is open is not known, for its flags are not shown to ${who} (status ${status}): ${error.message}`,
        remedy:
          'Ask with --principal and --secret of an operator who may see them (view_flags), and do not close /flags by --firewall_rules.',
      }
    : {
        what: `it cannot be asked: ${error.message}`,
        remedy: `See that it runs, that --${kind} is its address, and that this command has the settings of TLS and the certificate that it asks for.`,
      };
}

/** Why it does not show them, where that is so. */
async function flagsFor(
  { address, tls }: Server,
  credential: Credential | undefined,
): Promise<Readonly<Record<string, string>> | Error> {
  const dialer = tls?.own ?? plainDialer;
  const client = new OperatorClient({ address, dialer, credential, timeoutMs: TIMEOUT_MS });
  try {
    return flagsIn(await client.get('/flags')) ?? new Error('what it answers has no flags');
  } catch (error) {
    return error as Error;
  }
}

/** Undefined where there are none: that would look like a server without any guard. */
function flagsIn(answer: unknown): Readonly<Record<string, string>> | undefined {
  const { flags } = (answer ?? {}) as { readonly flags?: unknown };
  return typeof flags === 'object' &&
    flags !== null &&
    Object.values(flags).every((text) => typeof text === 'string')
    ? (flags as Readonly<Record<string, string>>)
    : undefined;
}
