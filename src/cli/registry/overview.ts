// What `mesoscale registry show` prints of a registry, for people: each agent with its state, and
// what operators have set.
import { roundedBytes } from '../../model/bytes.ts';
import {
  type AgentInfo,
  MachineInfo_Mode,
  type QuotaConfig,
} from '../../model/generated/messages.ts';
import type { AgentDuty, RegistrySnapshot, UnreachableAgent } from '../../model/registry.ts';
import type { Flaw, RegistryDescription } from '../../registry/registry.ts';
import { counted } from '../counted.ts';
import { table } from '../table.ts';

const AGENT_TITLES = ['AGENT', 'STATE', 'ADDRESS', 'SINCE'];
const SETTING_TITLES = ['SETTING', 'OF', 'VALUE'];

interface Facts extends Partial<RegistryDescription> {
  readonly sizeBytes: number;
}

export function overviewText(snapshot: RegistrySnapshot, facts: Facts): string {
  const { agents, unreachable, gone } = snapshot;
  const duties = new Map((snapshot.duties ?? []).map((duty) => [String(duty.id), duty]));
  const rows = [
    ...agents.map((agent) => agentRow(agent, duties)),
    ...unreachable.map((agent) => absentRow('unreachable', agent)),
    ...gone.map((agent) => absentRow('gone', agent)),
  ];
  const settings = settingRows(snapshot);
  const lines = [
    ...(rows.length === 0 ? [] : [...table([AGENT_TITLES, ...rows]), '']),
    ...(settings.length === 0 ? [] : [...table([SETTING_TITLES, ...settings]), '']),
    `${counted(agents.length, 'agent')}, ${unreachable.length} unreachable, ${gone.length} gone; ` +
      factsText(facts),
  ];
  return `${lines.join('\n')}\n`;
}

function factsText({ sizeBytes, format, epoch }: Facts): string {
  const numbers = { format, epoch };
  const told = Object.entries(numbers).flatMap(([name, number]) =>
    number === undefined ? [] : [`${name} ${number}`],
  );
  return [roundedBytes(sizeBytes), ...told].join('; ');
}

/** What is printed of damage: a line for each flaw, and how many there are of each kind. */
export function damageText(flaws: readonly Flaw[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of flaws) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const parts = [...counts].toSorted().map(([kind, count]) => `${count} ${kind}`);
  const lines = flaws.map(({ text }) => text);
  return `${[...lines, '', `${counted(flaws.length, 'fault')}: ${parts.join(', ')}`].join('\n')}\n`;
}

function agentRow(
  { id, hostname, port = 5051 }: AgentInfo,
  duties: ReadonlyMap<string, AgentDuty>,
): readonly string[] {
  const name = id?.value ?? '';
  return [name, stateOf(duties.get(name)), `${hostname}:${port}`, ''];
}

function stateOf(duty: AgentDuty | undefined): string {
  if (duty?.drain !== undefined) {
    return 'to drain';
  }
  return duty?.deactivated === true ? 'deactivated' : 'admitted';
}

const absentRow = (state: string, { id, sinceNs }: UnreachableAgent): readonly string[] => [
  id,
  state,
  '',
  dateText(sinceNs),
];

function settingRows(snapshot: RegistrySnapshot): (readonly string[])[] {
  const { weights = [], quotas = [], schedules = [], machines = [] } = snapshot;
  const windows = schedules.flatMap((schedule) => schedule.windows ?? []);
  return [
    ...weights.map(({ role, weight }) => ['weight', role ?? '', String(weight)]),
    ...quotas.map((quota) => ['quota', quota.role, quotaText(quota)]),
    ...(windows.length === 0 ? [] : [['maintenance', '', counted(windows.length, 'window')]]),
    ...machines.map(({ id, mode }) => ['machine', id.hostname ?? id.ip ?? '', modeText(mode)]),
    ...(snapshot.minimumCapabilities ?? []).map((name) => ['needs', 'masters', name]),
  ];
}

const modeText = (mode: MachineInfo_Mode | undefined) =>
  Object.entries(MachineInfo_Mode).find(([, value]) => value === mode)?.[0] ?? '';

function quotaText({ guarantees = {}, limits = {} }: QuotaConfig): string {
  const amounts = (of: NonNullable<QuotaConfig['limits']>) =>
    Object.entries(of)
      .map(([name, { value }]) => `${name}:${value}`)
      .join(';');
  const parts = [
    ['guarantees', amounts(guarantees)],
    ['limits', amounts(limits)],
  ].filter(([, text]) => text !== '');
  return parts.map((part) => part.join(' ')).join(', ');
}

/** A time beyond what dates can be, as another program may have written it, is shown as it is. */
function dateText(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n));
  return Number.isNaN(date.getTime()) ? `${ns} ns` : date.toISOString();
}
