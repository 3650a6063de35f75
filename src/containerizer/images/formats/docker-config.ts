// Who may pull from which registry, in the form of docker's `config.json` and of the older
// `.dockercfg`. Errors show nothing of the file, for the names and passwords in it are secret.
import { encodeBase64 } from '../../../wire/base64.ts';
import { parseBoundedJson } from '../../../wire/json-text.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { bytesOf, FormatError, fieldsOf, optionalFields, optionalText } from './fields.ts';
import { isDockerHub } from './registry-address.ts';

export interface Login {
  /** Host and port of the registry that it is for. */
  readonly registry: string;
  /** `user:password` in base64. */
  readonly basic: string | undefined;
  /** With which the registry's token server gives out tokens, in place of a password. */
  readonly identityToken: string | undefined;
  /** A token for the registry itself. */
  readonly registryToken: string | undefined;
}

/** Throws ContainerizerError. */
export function readDockerConfig(bytes: Uint8Array): readonly Login[] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const file = fieldsOf(parseBoundedJson(text), 'config');
    const auths = file.auths === undefined ? file : optionalFields(file.auths, 'auths');
    return Object.entries(auths)
      .map(([key, value], i) => loginOf(key, value, `auths[${i}]`))
      .filter((login) => login.basic ?? login.identityToken ?? login.registryToken);
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
 * The login for a registry; the first files come first. All names of Docker Hub stand for the
 * same registry.
 */
export const loginFor = (
  registry: string,
  files: readonly (readonly Login[])[],
): Login | undefined =>
  files
    .flat()
    .find(
      (login) =>
        login.registry === registry || (isDockerHub(registry) && isDockerHub(login.registry)),
    );
