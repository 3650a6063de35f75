// linux/seccomp: the system calls that a container may make.
import { containerInfoOf } from '../plan/request.ts';
import { chosenProfile, type SeccompProfiles } from '../plan/seccomp-choice.ts';
import { type SeccompTarget, seccompFor } from '../plan/seccomp-profile.ts';
import type { Isolator } from './isolator.ts';

/** What profiles depend on besides the container. */
type Machine = Omit<SeccompTarget, 'capabilities'>;

/** After linux/capabilities: rules depend on what a container can have. */
export const linuxSeccomp = (profiles: SeccompProfiles, machine: Machine): Isolator => ({
  name: 'linux/seccomp',
  contribute(plan, request) {
    const profile = chosenProfile(containerInfoOf(request)?.linux_info?.seccomp, profiles);
    const target = { ...machine, capabilities: plan.capabilities?.bounding };
    return { ...plan, seccomp: profile && seccompFor(profile, target) };
  },
});
