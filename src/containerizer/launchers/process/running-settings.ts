// What confines a running process, as /proc shows it, in the form of process-settings.ts: for a
// container of which that is not on record.
import { limitsIn } from '../../host/process-limits.ts';
import { statusField } from '../../host/process-status.ts';
import { textOf } from './running-command.ts';

/** Undefined where the process has ended. A process may have given up some of what it had. */
export function runningSettings(processId: number): string[] | undefined {
  const limits = textOf(processId, 'limits');
  const status = textOf(processId, 'status');
  const field = (name: string) => statusField(status ?? '', name);
  const bounding = field('CapBnd');
  const permitted = field('CapPrm');
  if (limits === undefined || bounding === undefined || permitted === undefined) {
    return undefined;
  }
  return [
    ...limitsIn(limits).map(({ name, soft, hard }) => `rlimit ${name} ${soft} ${hard}`),
    `bounding ${bounding}`,
    `effective ${permitted}`,
    ...(field('NoNewPrivs') === '1' ? ['no_new_privs'] : []),
  ];
}
