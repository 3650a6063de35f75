// The limits of processes on this machine, as the kernel shows them.
import { readText } from '../records/record-file.ts';
import { capabilitiesIn } from './process-status.ts';

/** The kernel's words for limits, and its names. */
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

const LIMIT = /^(Max [a-z ]*[a-z]) +(\d+|unlimited) +(\d+|unlimited)/gm;

export interface ShownLimit {
  /** The kernel's name without `RLIMIT_`. */
  readonly name: string;
  /** A number, or `unlimited`. */
  readonly soft: string;
  readonly hard: string;
}

/** Of the text in a process's `limits`. */
export const limitsIn = (text: string): ShownLimit[] =>
  [...text.matchAll(LIMIT)].flatMap(([, words = '', soft = '', hard = '']) => {
    const name = NAMES[words];
    return name === undefined ? [] : [{ name, soft, hard }];
  });

/** What no process that this one starts can be given more of, by the names of limits. */
export type LimitBounds = ReadonlyMap<string, number>;

/** Empty where the system does not tell. */
export function limitBounds(): LimitBounds {
  const status = readText('/proc/self/status', 'utf8') ?? '';
  if (capabilitiesIn(status, 'CapEff').has('SYS_RESOURCE')) {
    const most = readText('/proc/sys/fs/nr_open', 'utf8')?.trim();
    return new Map(most === undefined ? [] : [['NOFILE', Number(most)]]);
  }
  return new Map(
    limitsIn(readText('/proc/self/limits', 'utf8') ?? '')
      .filter(({ hard }) => hard !== 'unlimited')
      .map(({ name, hard }) => [name, Number(hard)]),
  );
}
