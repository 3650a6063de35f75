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
  readonly #registry: string;
  readonly #root: string;
  readonly #repository: string;
  readonly #login: Login | undefined;
  #authorization: string | undefined;
  #wantsLogin = false;

  constructor(
    manner: Manner,
    { scheme, host }: RegistryAddress,
    repository: string,
    login: Login | undefined,
  ) {
    this.manner = manner;
    this.#registry = host;
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

  /** What may be behind a refusal by the registry; undefined: no more than what is said. */
  get hint(): string | undefined {
    const helper = this.#wantsLogin ? this.#login?.helper : undefined;
    return (
      helper &&
      `by the docker config, the credential helper '${helper}' has the login for ` +
        `${this.#registry}: no helpers are asked here, logins are taken from 'auths' only`
    );
  }

  /** `path`: below the repository. */
  urlOf(path: string): string {
    return `${this.#root}/${path}`;
  }

  /** Throws ContainerizerError, or the reason of the abort. */
  async get(path: string, headers: Headers, abort: AbortSignal): Promise<Answer> {
    const url = this.urlOf(path);
    const sent = this.#authorization;
    const asked = (authorization: string | undefined) =>
      authorization === undefined ? headers : { ...headers, authorization };
    const answer = await this.#ask(url, asked(sent), abort);
    if (answer.status !== 401) {
      return answer;
    }
    answer.close();
    this.#wantsLogin = true;
    // Another request may have learnt meanwhile how to ask.
    if (this.#authorization === sent) {
      const header = String(answer.headers['www-authenticate'] ?? '');
      this.#authorization = await this.#prove(sent, header, url, abort);
    }
    return await this.#ask(url, asked(this.#authorization), abort);
  }

  #ask(url: string, headers: Headers, abort: AbortSignal): Promise<Answer> {
    return ask({ url, headers, registry: this.#registry, abort }, this.manner);
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
      const place = { registry: this.#registry, repository: this.#repository };
      const { parameters } = bearer;
      const token = await askForToken({ parameters, url, ...place, login, abort }, this.manner);
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
