// Bytes of the event stream into rows. Tasks, of which there are a hundred thousand, are read field
// by field, without an object for each message within.
import type {
  AgentInfo,
  Attribute,
  FrameworkInfo,
  Label,
  Labels,
  MasterResponse_GetAgents_Agent,
  MasterResponse_GetFrameworks_Framework,
  TaskState,
} from '../../model/generated/messages.ts';
import type { ProtobufReader } from '../../wire/protobuf-reader.ts';
import { messagesOf, readId } from './fields.ts';
import { AGENT, AGENT_INFO, LABEL } from './message-shapes.ts';
import {
  AgentRow,
  type Extent,
  type FrameworkRow,
  readExtent,
  TaskRow,
  USUAL_PORT,
} from './rows.ts';
import { readShape, type Seen } from './shapes.ts';
import { AMOUNT_NAMES, amountsOf, milliOf, noAmounts } from './sums.ts';

/** A nested message such as TaskID, whose first field is its text. */
function nestedId(reader: ProtobufReader, end: number): string {
  const text = readId(reader, reader.enter(end));
  reader.leave();
  return text;
}

/** The labels of a Labels message. */
function readLabels(reader: ProtobufReader, end: number): readonly string[] {
  const texts: string[] = [];
  for (const label of messagesOf(reader, end, 1)) {
    const { key = '', value = '' } = readShape<Label>(LABEL, reader, label);
    texts.push(labelText(key, value));
  }
  return texts;
}

const labelText = (key: string, value: string) => (value === '' ? key : `${key}:${value}`);

const labelTextsOf = (labels: Seen<Labels> | undefined): readonly string[] =>
  (labels?.labels ?? []).map(({ key = '', value = '' }) => labelText(key, value));

/** Adds a Resource to a task. */
function readResource(reader: ProtobufReader, end: number, task: TaskRow): void {
  const inner = reader.enter(end);
  let name = '';
  let amount = 0;
  while (reader.position < inner) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        name = reader.string();
        break;
      case 26:
        amount = scalar(reader, inner);
        break;
      case 74:
        task.isRevocable = true;
        reader.skip(tag);
        break;
      case 90:
        task.role = nestedId(reader, inner);
        break;
      default:
        reader.skip(tag);
    }
  }
  reader.leave();
  const index = AMOUNT_NAMES.indexOf(name as (typeof AMOUNT_NAMES)[number]);
  if (index >= 0) {
    task.amounts[index] = (task.amounts[index] ?? 0) + milliOf(amount);
  }
}

function scalar(reader: ProtobufReader, end: number): number {
  const inner = reader.enter(end);
  let value = 0;
  while (reader.position < inner) {
    const tag = reader.uint32();
    if (tag === 9) {
      value = reader.double();
    } else {
      reader.skip(tag);
    }
  }
  reader.leave();
  return value;
}

/** What a row needs of a TaskStatus up to `end`; its state is the task's own matter. */
export function readStatus(reader: ProtobufReader, end: number, task: TaskRow): void {
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag === 49) {
      const ms = reader.double() * 1000;
      task.startedMs ||= ms;
      task.changedMs = Math.max(task.changedMs, ms);
    } else if (tag === 64) {
      task.healthy = reader.bool();
    } else {
      reader.skip(tag);
    }
  }
}

/**
 * A Task message. `one` gives for an id the text that all rows share.
 * @throws WireError
 */
export function readTask(
  reader: ProtobufReader,
  end: number,
  bytes: Uint8Array,
  one: (id: string) => string,
): TaskRow {
  const task = new TaskRow({ bytes, start: reader.position, end }, noAmounts());
  while (reader.position < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        task.name = reader.string();
        break;
      case 18:
        task.id = nestedId(reader, end);
        break;
      case 26:
        task.frameworkId = one(nestedId(reader, end));
        break;
      case 34:
        task.executorId = nestedId(reader, end);
        break;
      case 42:
        task.agentId = one(nestedId(reader, end));
        break;
      case 48:
        task.state = reader.int32() as TaskState;
        break;
      case 58:
        readResource(reader, end, task);
        break;
      case 66: {
        const inner = reader.enter(end);
        readStatus(reader, inner, task);
        reader.leave();
        break;
      }
      case 90:
        task.labels = readLabels(reader, reader.enter(end));
        reader.leave();
        break;
      default:
        reader.skip(tag);
    }
  }
  task.executorId ||= task.id;
  task.role = one(task.role);
  task.name = task.name === task.id ? task.id : task.name;
  return task;
}

const msOf = (time: { readonly nanoseconds?: number } | undefined) => time?.nanoseconds ?? 0;

/** From what a GetFrameworks.Framework message says. */
export function fillFramework(
  row: FrameworkRow,
  framework: Seen<MasterResponse_GetFrameworks_Framework>,
): void {
  row.active = framework.active ?? false;
  row.connected = framework.connected ?? false;
  row.recovered = framework.recovered ?? false;
  row.registeredMs = msOf(framework.registered_time);
  row.reregisteredMs = msOf(framework.reregistered_time);
  row.unregisteredMs = msOf(framework.unregistered_time);
  row.suppressedRoles = framework.suppressed_roles ?? [];
  fillFrameworkInfo(row, framework.framework_info ?? {});
}

export function fillFrameworkInfo(row: FrameworkRow, info: Seen<FrameworkInfo>): void {
  row.id = info.id?.value ?? '';
  row.name = info.name ?? '';
  row.user = info.user ?? '';
  row.hostname = info.hostname ?? '';
  row.principal = info.principal ?? '';
  row.webUrl = info.webui_url ?? '';
  row.roles = info.roles ?? [info.role ?? '*'];
  row.capabilities = (info.capabilities ?? []).flatMap(({ type }) => type ?? []);
  row.labels = labelTextsOf(info.labels);
  row.failoverTimeoutSecs = info.failover_timeout ?? 0;
  row.isCheckpointed = info.checkpoint ?? false;
}

function fillAgentInfo(row: AgentRow, info: Seen<AgentInfo>): void {
  row.id = info.id?.value ?? '';
  row.hostname = info.hostname ?? '';
  row.port = info.port ?? USUAL_PORT;
  row.region = info.domain?.fault_domain?.region?.name ?? '';
  row.zone = info.domain?.fault_domain?.zone?.name ?? '';
  row.attributes = (info.attributes ?? []).map((attribute) => ({
    name: attribute.name ?? '',
    text: attributeText(attribute),
  }));
}

function attributeText({ text, scalar, ranges, set }: Seen<Attribute>): string {
  if (text !== undefined) {
    return text.value ?? '';
  }
  if (scalar !== undefined) {
    return String(scalar.value ?? 0);
  }
  if (ranges !== undefined) {
    return `[${(ranges.range ?? []).map(({ begin = 0, end = 0 }) => `${begin}-${end}`).join(', ')}]`;
  }
  return `{${(set?.item ?? []).join(', ')}}`;
}

/** A GetAgents.Agent message. */
export function readAgent(extent: Extent): AgentRow {
  const row = new AgentRow();
  const agent = readExtent<MasterResponse_GetAgents_Agent>(AGENT, extent);
  fillAgentInfo(row, agent.agent_info ?? {});
  row.active = agent.active ?? false;
  row.deactivated = agent.deactivated ?? false;
  row.version = agent.version ?? '';
  row.pid = agent.pid ?? '';
  row.registeredMs = msOf(agent.registered_time);
  row.reregisteredMs = msOf(agent.reregistered_time);
  row.drainState = agent.drain_info?.state ?? 0;
  row.total = amountsOf(agent.total_resources);
  row.extent = extent;
  return row;
}

/** An AgentInfo of `recovered_agents`. */
export function readRecoveredAgent(extent: Extent): AgentRow {
  const row = new AgentRow();
  fillAgentInfo(row, readExtent<AgentInfo>(AGENT_INFO, extent));
  row.isRecovered = true;
  return row;
}
