// Which profile of system calls a container gets: what it asks for, or the agent's default.
import type { SeccompInfo } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { SeccompProfile } from './seccomp-profile.ts';

/** The profiles that an operator provides. */
export interface SeccompProfiles {
  /** The folder that has them. */
  readonly folder: string;
  /** By the names of their files: a profile, or why it is none. */
  readonly profiles: ReadonlyMap<string, SeccompProfile | Error>;
  /** The name of the profile of containers that do not ask for one. */
  readonly standard: string | undefined;
}

/** Undefined: no system call is forbidden. Throws ContainerizerError. */
export function chosenProfile(
  info: SeccompInfo | undefined,
  all: SeccompProfiles,
): SeccompProfile | undefined {
  if (info === undefined) {
    return all.standard === undefined ? undefined : profileNamed(all.standard, all);
  }
  const { profile_name: name, unconfined = false } = info;
  if (unconfined && name !== undefined) {
    throw new ContainerizerError(
      "Invalid Seccomp configuration: 'profile_name' given even though 'unconfined' Seccomp setting " +
        'is enabled',
    );
  }
  if (unconfined) {
    return undefined;
  }
  if (name === undefined) {
    throw new ContainerizerError('Missing Seccomp profile name');
  }
  return profileNamed(name, all);
}

export function profileNamed(name: string, { folder, profiles }: SeccompProfiles): SeccompProfile {
  const profile = profiles.get(name);
  if (profile === undefined) {
    throw new ContainerizerError(
      `Failed to read Seccomp profile file '${folder}/${name}': it is not among those that were ` +
        "there at the agent's start",
    );
  }
  if (profile instanceof Error) {
    throw new ContainerizerError(
      `Failed to parse Seccomp profile '${folder}/${name}': ${profile.message}`,
    );
  }
  return profile;
}
