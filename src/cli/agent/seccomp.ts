// The profiles of system calls that an operator provides for containers, read once at the start.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isolatorsNamed } from '../../containerizer/isolators/names.ts';
import { profileNamed, type SeccompProfiles } from '../../containerizer/plan/seccomp-choice.ts';
import {
  parseSeccompProfile,
  type SeccompProfile,
} from '../../containerizer/plan/seccomp-profile.ts';
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import { fromPlan } from '../flags/written.ts';
import type { AGENT_FLAGS } from './flags.ts';

const ISOLATOR = 'linux/seccomp';
const MAX_PROFILES = 1000;
const MAX_PROFILE_BYTES = 1024 * 1024;

type Values = Pick<
  FlagValues<typeof AGENT_FLAGS>,
  'isolation' | 'seccomp_config_dir' | 'seccomp_profile_name'
>;

/**
 * Undefined without the isolator. Throws FlagError, also where nothing would apply what the flags
 * say, and where the default profile is none.
 */
export function seccompProfiles(values: Values): SeccompProfiles | undefined {
  const { seccomp_config_dir: folder, seccomp_profile_name: standard } = values;
  if (!isolatorsNamed(values.isolation).includes(ISOLATOR)) {
    const given =
      folder === undefined ? standard && 'seccomp_profile_name' : ('seccomp_config_dir' as const);
    if (given !== undefined && given !== '') {
      throw new FlagError(`--${given} needs ${ISOLATOR} in --isolation, which applies profiles`);
    }
    return undefined;
  }
  if (folder === undefined) {
    throw new FlagError(`--isolation: ${ISOLATOR} needs --seccomp_config_dir`);
  }
  const all = { folder, profiles: profilesIn(folder), standard };
  if (standard !== undefined) {
    fromPlan('seccomp_profile_name', () => profileNamed(standard, all));
  }
  return all;
}

function profilesIn(folder: string): ReadonlyMap<string, SeccompProfile | Error> {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw new FlagError(
      `--seccomp_config_dir: the folder ${folder} cannot be read: ${(error as Error).message}`,
    );
  }
  if (names.length > MAX_PROFILES) {
    throw new FlagError(
      `--seccomp_config_dir: ${folder} has ${names.length} files, of at most ${MAX_PROFILES}`,
    );
  }
  return new Map(names.map((name) => [name, profileIn(join(folder, name))]));
}

/** Faults of profiles that nobody names do no harm. */
function profileIn(path: string): SeccompProfile | Error {
  try {
    const status = statSync(path);
    if (!status.isFile() || status.size > MAX_PROFILE_BYTES) {
      return new Error(`it is no file of at most ${MAX_PROFILE_BYTES} bytes`);
    }
    return parseSeccompProfile(readFileSync(path, 'utf8'));
  } catch (error) {
    return error as Error;
  }
}
