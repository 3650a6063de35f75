// What confines a running process, as /proc shows it, in the form of process-settings.ts: for a
// container of which that is not on record.
import { readText } from '../../records/record-file.ts';

/** The kernel's words for limits, and its names. */
const LIMITS: Readonly<Record<string, string>> = {
  'Max address space': 'AS',
  'Max core file size': 'CORE',
  'Max cpu time': 'CPU',
  'Max data size': 'DATA',
  'Max file size': 'FSIZE',
  'Max file locks': 'LOCKS',
  'Max locked memory': 'MEMLOCK',
  'Max msgqueue size': 'MSGQUEUE',
  'Max nice priority': 'NICE',
  'Max open files': 'NOFILE',
  'Max processes': 'NPROC',
  'Max resident set': 'RSS',
  'Max realtime priority': 'RTPRIO',
  'Max realtime timeout': 'RTTIME',
  'Max pending signals': 'SIGPENDING',
  'Max stack size': 'STACK',
};

const LIMIT = /^(Max [a-z ]*[a-z]) +(\d+|unlimited) +(\d+|unlimited)/gm;

/** Undefined where the process has ended. A process may have given up some of what it had. */
export function runningSettings(processId: number): string[] | undefined {
  const limits = textOf(`/proc/${processId}/limits`);
  const status = textOf(`/proc/${processId}/status`);
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(status ?? '')?.[1];
  const bounding = field('CapBnd');
  const permitted = field('CapPrm');
  if (limits === undefined || bounding === undefined || permitted === undefined) {
    return undefined;
  }
  return [
    ...[...limits.matchAll(LIMIT)].flatMap(([, words = '', soft, hard]) => {
      const name = LIMITS[words];
      return name === undefined ? [] : [`rlimit ${name} ${soft} ${hard}`];
    }),
    `bounding ${bounding}`,
    `effective ${permitted}`,
    ...(field('NoNewPrivs') === '1' ? ['no_new_privs'] : []),
  ];
}

function textOf(path: string): string | undefined {
  try {
    return readText(path, 'utf8');
  } catch {
    // The process ended while its file was read.
    return undefined;
  }
}
