// What an image says about containers made of it. The form is that of docker and of the Open
// Container Initiative; manifests of schema 1 have it, too.
import type { ImageConfig } from '../image.ts';
import { digestOf } from './digest.ts';
import {
  fieldsOf,
  jsonOf,
  listOf,
  optionalFields,
  optionalText,
  parsed,
  textsOf,
} from './fields.ts';

export const MOST_CONFIG_BYTES = 8 * 2 ** 20;

/** A config file: the config itself, and what it says of the whole image. */
export interface ConfigFile {
  readonly config: ImageConfig;
  readonly os: string | undefined;
  /** The digests of the uncompressed layers, lowest first; undefined if it names none. */
  readonly diffIds: readonly string[] | undefined;
}

/** Throws ContainerizerError. */
export const readConfigFile = (bytes: Uint8Array): ConfigFile =>
  parsed('the image config', () => {
    const file = fieldsOf(jsonOf(bytes), 'config');
    const { diff_ids: diffIds } = optionalFields(file.rootfs, 'rootfs');
    return {
      config: configOf(file.config, 'config'),
      os: optionalText(file.os, 'os'),
      diffIds:
        diffIds === undefined || diffIds === null
          ? undefined
          : listOf(diffIds, 'rootfs.diff_ids').map((each, i) =>
              digestOf(each, `rootfs.diff_ids[${i}]`),
            ),
    };
  });

/** Throws FormatError or WireError. */
export function configOf(value: unknown, place: string): ImageConfig {
  const fields = optionalFields(value, place);
  const texts = (name: string) => textsOf(fields[name], `${place}.${name}`);
  return {
    entrypoint: texts('Entrypoint'),
    command: texts('Cmd'),
    // As in Mesos and docker, what is no variable is none.
    environment: texts('Env').filter((each) => each.indexOf('=') > 0),
    workingDirectory: optionalText(fields.WorkingDir, `${place}.WorkingDir`),
    user: optionalText(fields.User, `${place}.User`) ?? '',
    stopSignal: optionalText(fields.StopSignal, `${place}.StopSignal`),
    volumes: textsOf(
      Object.keys(optionalFields(fields.Volumes, `${place}.Volumes`)),
      `${place}.Volumes`,
    ),
  };
}
