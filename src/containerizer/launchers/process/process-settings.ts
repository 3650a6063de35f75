// What confines a container's process besides its user, and what it is connected with, as the
// supervisor reads it (confinement.c, requests.c).
import { type CapabilityName, maskOf } from '../../plan/capabilities.ts';
import type { RotatedOutput } from '../../plan/container-logger.ts';
import type { ContainerPlan } from '../../plan/plan.ts';

export function settingsOf(
  plan: Pick<ContainerPlan, 'rlimits' | 'capabilities' | 'noNewPrivileges' | 'oomScoreAdj'>,
): string[] {
  const { rlimits, capabilities, noNewPrivileges, oomScoreAdj } = plan;
  const settings = rlimits.map(({ name, soft, hard }) => `rlimit ${name} ${soft} ${hard}`);
  const add = (kind: string, set: ReadonlySet<CapabilityName> | undefined) => {
    if (set !== undefined) {
      settings.push(`${kind} ${maskOf(set).toString(16)}`);
    }
  };
  add('bounding', capabilities?.bounding);
  add('effective', capabilities?.effective);
  if (oomScoreAdj !== 0) {
    settings.push(`oom_score_adj ${oomScoreAdj}`);
  }
  if (noNewPrivileges) {
    settings.push('no_new_privs');
  }
  return settings;
}

type Connected = Pick<ContainerPlan, 'io' | 'rotated' | 'sandbox' | 'directory' | 'directoryOwner'>;

export function ioOf({ io, rotated, ...plan }: Connected): string[] {
  const elsewhere =
    plan.directory === plan.sandbox
      ? []
      : [`logs ${plan.sandbox}`, `owner ${plan.directoryOwner ?? '-'}`];
  const logs = rotated === undefined ? [] : rotations(rotated);
  switch (io.kind) {
    case 'files':
      // Who writes right into a file does not see that it is full.
      return logs.length === 0 ? [] : ['pipes', ...logs];
    case 'pipes':
      return ['pipes', 'serve', ...elsewhere, ...logs];
    case 'terminal':
      return [`terminal ${io.rows} ${io.columns}`, 'serve', ...elsewhere, ...logs];
  }
}

const rotations = ({ stdout, stderr }: RotatedOutput): string[] =>
  [stdout, stderr].map(({ maxBytes, kept }, index) => `rotate ${index} ${maxBytes} ${kept}`);
