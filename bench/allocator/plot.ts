// Plots the time of a cycle against the number of agents that changed since the last, for clusters
// of several sizes: the cost should grow with the changes and not with the size. The SVG has
// logarithmic axes.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SchedulerCore } from '../../src/core/interface.ts';
import { figure } from '../report.ts';
import { BenchCluster, best } from './cluster.ts';
import { ports, scalars } from './resources.ts';

const FILE = fileURLToPath(new URL('../quiet-cycles.svg', import.meta.url));
const AGENTS = [1_000, 10_000, 100_000, 1_000_000];
const CHANGES = [0, 1, 10, 100, 1_000, 10_000, 100_000];
const FRAMEWORKS = 100;
const REPETITIONS = 7;

export interface Point {
  readonly agents: number;
  readonly changed: number;
  readonly ms: number;
}

/** Everything is on offer; then some agents' offers come back, and the next cycle is timed. */
export function measureQuietCycles(core: SchedulerCore, largest: number): Point[] {
  return AGENTS.filter((agents) => agents <= largest).flatMap((agents) => {
    const cluster = new BenchCluster(core);
    const total = [...scalars({ cpus: 24, mem: 4096, disk: 4096 }), ports([31_000, 32_000])];
    cluster.addAgents(agents, () => total);
    cluster.addFrameworks(FRAMEWORKS, () => ['*']);
    cluster.cycle();
    const live = new Map(cluster.offers(total).map((offer) => [offer.agentId, offer]));
    return CHANGES.filter((changed) => changed <= agents).map((changed) => {
      const times = Array.from({ length: REPETITIONS }, () => {
        const returned = [...live.values()].slice(0, changed);
        cluster.giveBack(returned);
        const time = cluster.cycle();
        for (const offer of cluster.offers(total)) {
          live.set(offer.agentId, offer);
        }
        return time;
      });
      return { agents, changed, ms: best(times) };
    });
  });
}

const whole = (count: number) => count.toLocaleString('en-US');

const WIDTH = 720;
const HEIGHT = 420;
const MARGIN = { left: 70, right: 130, top: 30, bottom: 55 };
const COLOURS = ['#1b7837', '#2166ac', '#b35806', '#762a83'];
const MS_LOW = 0.001;

const xOf = (changed: number) => {
  // No change is drawn one step left of the first power of ten.
  const steps = changed === 0 ? 0 : 1 + Math.log10(changed);
  return MARGIN.left + (steps / 6) * (WIDTH - MARGIN.left - MARGIN.right);
};

/** Powers of ten, from the lowest up to the first above all times. */
function ticks(points: readonly Point[]): number[] {
  const highest = Math.max(...points.map(({ ms }) => ms));
  const decades = Math.max(1, Math.ceil(Math.log10(highest / MS_LOW)));
  return Array.from({ length: decades + 1 }, (_, decade) =>
    Number((MS_LOW * 10 ** decade).toPrecision(1)),
  );
}

/** The position of a time on an axis that ends at `high`. */
function yOf(ms: number, high: number): number {
  const part = Math.log10(Math.max(MS_LOW, ms) / MS_LOW) / Math.log10(high / MS_LOW);
  return HEIGHT - MARGIN.bottom - part * (HEIGHT - MARGIN.top - MARGIN.bottom);
}

function line(points: readonly Point[], { index, high }: { index: number; high: number }): string {
  const colour = COLOURS[index % COLOURS.length];
  const place = ({ changed, ms }: Point) =>
    `${xOf(changed).toFixed(1)},${yOf(ms, high).toFixed(1)}`;
  const last = points.at(-1);
  if (last === undefined) {
    return '';
  }
  const label = `${whole(last.agents)} agents`;
  const dots = points.map((point) => {
    const [x, y] = place(point).split(',');
    return `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`;
  });
  return [
    `<polyline points="${points.map(place).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...dots,
    `<text x="${WIDTH - MARGIN.right + 12}" y="${MARGIN.top + 20 + index * 20}" fill="${colour}">${label}</text>`,
  ].join('\n');
}

function axes(marks: readonly number[]): string {
  const high = marks.at(-1) ?? 1;
  const bottom = HEIGHT - MARGIN.bottom;
  const right = WIDTH - MARGIN.right;
  const columns = CHANGES.map(
    (
      changed,
    ) => `<line x1="${xOf(changed)}" y1="${MARGIN.top}" x2="${xOf(changed)}" y2="${bottom}" stroke="#ddd"/>
<text x="${xOf(changed)}" y="${bottom + 18}" text-anchor="middle">${whole(changed)}</text>`,
  );
  const rows = marks.map(
    (
      ms,
    ) => `<line x1="${MARGIN.left}" y1="${yOf(ms, high)}" x2="${right}" y2="${yOf(ms, high)}" stroke="#ddd"/>
<text x="${MARGIN.left - 8}" y="${yOf(ms, high) + 4}" text-anchor="end">${ms} ms</text>`,
  );
  return [
    ...columns,
    ...rows,
    `<text x="${(MARGIN.left + right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">agents changed since the last cycle</text>`,
  ].join('\n');
}

export function drawQuietCycles(points: readonly Point[]): string {
  const marks = ticks(points);
  const high = marks.at(-1) ?? 1;
  const byAgents = Map.groupBy(points, (point) => point.agents);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="${MARGIN.left}" y="18" font-size="14">Time of a cycle, ${FRAMEWORKS} frameworks</text>
${axes(marks)}
${[...byAgents.values()].map((series, index) => line(series, { index, high })).join('\n')}
</svg>
`;
}

/** Measures, prints the points and writes bench/quiet-cycles.svg. */
export function plotQuietCycles(core: SchedulerCore, largest: number): void {
  const points = measureQuietCycles(core, largest);
  for (const { agents, changed, ms } of points) {
    process.stdout.write(
      `${whole(agents).padStart(10)} agents ${whole(changed).padStart(8)} changed ${figure(ms).padStart(8)} ms\n`,
    );
  }
  writeFileSync(FILE, drawQuietCycles(points));
  process.stdout.write(`${FILE}\n`);
}
