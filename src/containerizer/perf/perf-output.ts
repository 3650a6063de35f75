// What the program perf says of events in cgroups, in lines of fields that commas separate. Pure.
import type { PerfStatistics } from '../../model/generated/messages.ts';

/** What can be counted: all figures of Mesos's message but when, and for how long. */
export type PerfFigure = Exclude<keyof PerfStatistics, 'timestamp' | 'duration'>;
export type PerfFigures = Partial<Record<PerfFigure, number>>;

/** A table of all of them, so that the compiler notices one that is missing. */
const FIGURES: Readonly<Record<PerfFigure, true>> = {
  cycles: true,
  stalled_cycles_frontend: true,
  stalled_cycles_backend: true,
  instructions: true,
  cache_references: true,
  cache_misses: true,
  branches: true,
  branch_misses: true,
  bus_cycles: true,
  ref_cycles: true,
  cpu_clock: true,
  task_clock: true,
  page_faults: true,
  minor_faults: true,
  major_faults: true,
  context_switches: true,
  cpu_migrations: true,
  alignment_faults: true,
  emulation_faults: true,
  l1_dcache_loads: true,
  l1_dcache_load_misses: true,
  l1_dcache_stores: true,
  l1_dcache_store_misses: true,
  l1_dcache_prefetches: true,
  l1_dcache_prefetch_misses: true,
  l1_icache_loads: true,
  l1_icache_load_misses: true,
  l1_icache_prefetches: true,
  l1_icache_prefetch_misses: true,
  llc_loads: true,
  llc_load_misses: true,
  llc_stores: true,
  llc_store_misses: true,
  llc_prefetches: true,
  llc_prefetch_misses: true,
  dtlb_loads: true,
  dtlb_load_misses: true,
  dtlb_stores: true,
  dtlb_store_misses: true,
  dtlb_prefetches: true,
  dtlb_prefetch_misses: true,
  itlb_loads: true,
  itlb_load_misses: true,
  branch_loads: true,
  branch_load_misses: true,
  node_loads: true,
  node_load_misses: true,
  node_stores: true,
  node_store_misses: true,
  node_prefetches: true,
  node_prefetch_misses: true,
};

/** The figure of an event, whose name perf writes as in `LLC-loads`; undefined: there is none. */
export function figureOf(event: string): PerfFigure | undefined {
  const name = event.toLowerCase().replaceAll('-', '_');
  return Object.hasOwn(FIGURES, name) ? (name as PerfFigure) : undefined;
}

/** The words in place of a number: no process ran, or this machine cannot count such events. */
const NOT_COUNTED = '<not counted>';
const NOT_SUPPORTED = '<not supported>';

/**
 * Adds what a line says to the figures of its cgroup, which are there already. The fields are the
 * number, its unit, the event and the cgroup; before Linux 3.14 there was no unit. What the machine
 * cannot count adds nothing. Returns whether the line could be read.
 */
export function readPerfLine(line: string, byCgroup: ReadonlyMap<string, PerfFigures>): boolean {
  const [text = '', ...fields] = line.split(',');
  const [event = '', cgroup = ''] = fields.length === 2 ? fields : fields.slice(1);
  const figure = figureOf(event);
  const figures = byCgroup.get(cgroup);
  if (figure === undefined || figures === undefined) {
    return false;
  }
  if (text === NOT_SUPPORTED) {
    return true;
  }
  const number = text === NOT_COUNTED ? 0 : Number.parseFloat(text);
  figures[figure] = number;
  return number >= 0;
}
