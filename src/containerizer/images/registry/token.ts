// Tokens of a registry's token server: how they are asked for, and read.
import { ContainerizerError } from '../../containerizer-error.ts';
import type { Login } from '../formats/docker-config.ts';
import { ask, type Headers, type Manner, unexpected, whole } from './asking.ts';

const MOST_TOKEN_BYTES = 2 ** 20;

export interface TokenRequest {
  /** Of the challenge. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Where the challenge comes from. */
  readonly url: string;
  /** Host and port. */
  readonly registry: string;
  readonly repository: string;
  readonly login: Login | undefined;
  readonly abort: AbortSignal;
}

/** Throws ContainerizerError, or the reason of the abort. */
export async function askForToken(request: TokenRequest, manner: Manner): Promise<string> {
  const { parameters, url, registry, repository, login, abort } = request;
  const realm = parameters.get('realm');
  if (realm === undefined || !/^https?:\/\//.test(realm) || !URL.canParse(realm)) {
    throw new ContainerizerError(`Missing 'realm' in WWW-Authenticate header obtained from ${url}`);
  }
  if (url.startsWith('https:') && !realm.startsWith('https:')) {
    throw new ContainerizerError(
      `The registry names a token server without TLS, which is not asked: ${realm}`,
    );
  }
  const service = parameters.get('service');
  const scopes = (parameters.get('scope') ?? `repository:${repository}:pull`).split(' ');
  const { identityToken, basic } = login ?? {};
  const query = [
    ...(service === undefined ? [] : [`service=${queryText(service)}`]),
    ...scopes.map((scope) => `scope=${queryText(scope)}`),
  ].join('&');
  const place = `${realm}${realm.includes('?') ? '&' : '?'}${query}`;
  const headers: Headers = basic === undefined ? {} : { authorization: `Basic ${basic}` };
  const asked =
    identityToken === undefined
      ? { url: place, headers }
      : { url: realm, headers: {}, form: formOf(identityToken, service, scopes) };
  const answer = await ask({ ...asked, registry, abort }, manner);
  try {
    if (answer.status !== 200) {
      throw unexpected(answer.status, `to GET '${place}'`);
    }
    return tokenIn(await whole(answer, MOST_TOKEN_BYTES, `The answer of ${realm}`));
  } finally {
    answer.close();
  }
}

/** Part of a query, where `:`, `/` and `,` stay readable. */
const queryText = (text: string) =>
  encodeURIComponent(text).replaceAll(/%(?:3A|2F|2C)/g, decodeURIComponent);

const formOf = (token: string, service: string | undefined, scopes: readonly string[]) =>
  new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'mesoscale',
    refresh_token: token,
    ...(service === undefined ? {} : { service }),
    scope: scopes.join(' '),
  }).toString();

/** Nothing of the answer is shown, for there may be a token in it. */
function tokenIn(bytes: Uint8Array): string {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    throw new ContainerizerError('Parsing the JSON object failed');
  }
  const { token, access_token } = Object(value);
  const found = token ?? access_token;
  if (typeof found !== 'string' || !/^[!-~]+$/.test(found)) {
    throw new ContainerizerError('Failed to find token in JSON object');
  }
  return found;
}
