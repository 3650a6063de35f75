// The limits of a running process, from /proc/PID/limits, so that a command beside it gets the
// same.
import type { ResourceLimit } from '../../plan/resource-limits.ts';
import { readText } from '../../records/record-file.ts';

/** The kernel's words in that file, and the names of the limits. */
const NAMES: Readonly<Record<string, string>> = {
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

const LINE = /^(Max [a-z ]*[a-z]) +(\d+|unlimited) +(\d+|unlimited)/gm;

export const limitsIn = (text: string): ResourceLimit[] =>
  [...text.matchAll(LINE)].flatMap(([, words = '', soft = '', hard = '']) => {
    const name = NAMES[words];
    return name === undefined ? [] : [{ name, soft: amountOf(soft), hard: amountOf(hard) }];
  });

const amountOf = (text: string) => (text === 'unlimited' ? text : Number(text));

/** Empty where the process has ended. */
export function limitsOf(processId: number): ResourceLimit[] {
  try {
    return limitsIn(readText(`/proc/${processId}/limits`, 'utf8') ?? '');
  } catch {
    return [];
  }
}
