// The conversation with a registry about one repository: requests, and who asks. A registry says by
// status 401 how it wants to know that: by user and password, or by a token of a token server, for
// which the same user and password are good. A token that has expired is asked for anew.
import { ContainerizerError } from '../../containerizer-error.ts';
import type { Login } from '../formats/docker-config.ts';
import type { RegistryAddress } from '../formats/registry-address.ts';
import { type Answer, ask, type Headers, type Manner, statusText } from './asking.ts';
import { parseChallenges } from './challenge.ts';
import { askForToken } from './token.ts';

export class Session {
  readonly manner: Manner;
  readonly #root: string;
  readonly #repository: string;
  readonly #login: Login | undefined;
  #authorization: string | undefined;

  constructor(
    manner: Manner,
    { scheme, host }: RegistryAddress,
    repository: string,
    login: Login | undefined,
  ) {
    this.manner = manner;
    this.#root = `${scheme}://${host}/v2/${repository}`;
    this.#repository = repository;
    this.#login = login;
    const { registryToken, basic } = login ?? {};
    this.#authorization =
      registryToken !== undefined
        ? `Bearer ${registryToken}`
        : basic !== undefined
          ? `Basic ${basic}`
          : undefined;
  }

  /** `path`: below the repository. Throws ContainerizerError, or the reason of the abort. */
  async get(path: string, headers: Headers, abort: AbortSignal): Promise<Answer> {
    const url = `${this.#root}/${path}`;
    const sent = this.#authorization;
    const asked = (authorization: string | undefined) =>
      authorization === undefined ? headers : { ...headers, authorization };
    const answer = await ask({ url, headers: asked(sent), abort }, this.manner);
    if (answer.status !== 401) {
      return answer;
    }
    answer.close();
    // Another request may have learnt meanwhile how to ask.
    if (this.#authorization === sent) {
      const header = String(answer.headers['www-authenticate'] ?? '');
      this.#authorization = await this.#prove(sent, header, url, abort);
    }
    return await ask({ url, headers: asked(this.#authorization), abort }, this.manner);
  }

  async #prove(
    sent: string | undefined,
    header: string,
    url: string,
    abort: AbortSignal,
  ): Promise<string> {
    const challenges = parseChallenges(header);
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const login = this.#login;
    if (bearer !== undefined) {
      const { parameters } = bearer;
      const repository = this.#repository;
      const token = await askForToken({ parameters, url, repository, login, abort }, this.manner);
      return `Bearer ${token}`;
    }
    const [other] = challenges;
    if (other === undefined) {
      throw new ContainerizerError(`Got unexpected empty WWW-Authenticate header from ${url}`);
    }
    if (!challenges.some(({ scheme }) => scheme === 'basic')) {
      throw new ContainerizerError(
        `Got unsupported auth-scheme: ${other.scheme.toUpperCase()} from ${url}`,
      );
    }
    const basic = login?.basic === undefined ? undefined : `Basic ${login.basic}`;
    if (basic === undefined || basic === sent) {
      throw new ContainerizerError(
        `Got unexpected BASIC Authorization response status: ${statusText(401)} from ${url}`,
      );
    }
    return basic;
  }
}
