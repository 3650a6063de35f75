// Who may pull from which registry, in the form of docker's `config.json` and of the older
// `.dockercfg`. Errors show nothing of the file, for the names and passwords in it are secret.
import { encodeBase64 } from '../../../wire/base64.ts';
import { parseBoundedJson } from '../../../wire/json-text.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import {
  bytesOf,
  type Fields,
  FormatError,
  fieldsOf,
  optionalFields,
  optionalText,
} from './fields.ts';
import { isSameRegistry } from './registry-address.ts';

export interface Login {
  /** Host and port of the registry that it is for. */
  readonly registry: string;
  /** `user:password` in base64. */
  readonly basic: string | undefined;
  /** With which the registry's token server gives out tokens, in place of a password. */
  readonly identityToken: string | undefined;
  /** A token for the registry itself. */
  readonly registryToken: string | undefined;
  /** The program that has the login in place of the file: programs are not asked. */
  readonly helper: string | undefined;
}

/** In place of a host: a login for all registries. */
const EVERY = '*';

/** Throws ContainerizerError. */
export function readDockerConfig(bytes: Uint8Array): readonly Login[] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const file = fieldsOf(parseBoundedJson(text), 'config');
    const isNew = ['auths', 'credsStore', 'credHelpers'].some((name) => file[name] !== undefined);
    const auths = isNew ? optionalFields(file.auths, 'auths') : file;
    const logins = Object.entries(auths)
      .map(([key, value], i) => loginOf(key, value, `auths[${i}]`))
      .filter(hasProof);
    return isNew ? [...logins, ...helpersOf(file)] : logins;
  } catch (error) {
    if (error instanceof FormatError) {
      throw new ContainerizerError(`Failed to parse docker config: ${error.message}`);
    }
    if (error instanceof WireError || error instanceof TypeError) {
      throw new ContainerizerError('Failed to parse docker config: JSON parse failed');
    }
    throw error;
  }
}

const hasProof = (login: Login) =>
  (login.basic ?? login.identityToken ?? login.registryToken) !== undefined;

function helpersOf(file: Fields): readonly Login[] {
  const kept = (registry: string, helper: string | undefined): Login => ({
    ...{ registry, helper, basic: undefined, identityToken: undefined, registryToken: undefined },
  });
  const store = optionalText(file.credsStore, 'credsStore');
  return [
    ...Object.entries(optionalFields(file.credHelpers, 'credHelpers')).map(([key, value], i) =>
      kept(hostOf(key), optionalText(value, `credHelpers[${i}]`)),
    ),
    kept(EVERY, store),
  ].filter(({ helper }) => helper !== undefined);
}

function loginOf(key: string, value: unknown, place: string): Login {
  const fields = fieldsOf(value, place);
  const text = (name: string) => optionalText(fields[name], `${place}.${name}`);
  const [auth, username, password] = [text('auth'), text('username'), text('password')];
  const given = username === undefined ? undefined : `${username}:${password ?? ''}`;
  const named = given === undefined ? undefined : new TextEncoder().encode(given);
  const basic = auth === undefined ? named : bytesOf(auth.trim(), `${place}.auth`);
  return {
    registry: hostOf(key),
    basic: basic === undefined ? undefined : encodeBase64(basic),
    identityToken: tokenOf(text('identitytoken'), `${place}.identitytoken`),
    registryToken: tokenOf(text('registrytoken'), `${place}.registrytoken`),
    helper: undefined,
  };
}

/** A token goes into a header. */
function tokenOf(text: string | undefined, place: string): string | undefined {
  if (text !== undefined && !/^[!-~]+$/.test(text)) {
    throw new FormatError(`'${place}' must be of visible ASCII characters`);
  }
  return text;
}

/** Keys are hosts, or URLs of any path. */
const hostOf = (key: string) => key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';

/**
 * The login for a registry; the first files come first, and what a file has itself before the name
 * of a program that has it.
 */
export function loginFor(
  registry: string,
  files: readonly (readonly Login[])[],
): Login | undefined {
  const all = files
    .flat()
    .filter((login) => login.registry === EVERY || isSameRegistry(registry, login.registry));
  return all.find(hasProof) ?? all[0];
}
