// `mesoscale agent containers`: what runs on an agent, and what it takes.
import { roundedBytes } from '../../../model/bytes.ts';
import { containerIdOf } from '../../../model/container-id.ts';
import {
  AgentCall_Type,
  type AgentResponse_GetContainers_Container as Container,
} from '../../../model/generated/messages.ts';
import { addressWords } from '../../../webui/words/task-facts.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { amountText } from '../amounts.ts';
import type { Column, Listing } from '../output/listing.ts';
import { presentList } from '../output/present.ts';
import { spanText } from '../times.ts';
import type { Asked } from '../verb.ts';
import type { AGENT_CONTAINERS_FLAGS } from './file-flags.ts';
import { reachedAgent } from './reached.ts';

const bytesOf = (used: number | undefined, limit: number | undefined): string => {
  const of = limit === undefined ? '' : `/${roundedBytes(limit)}`;
  return used === undefined ? '' : `${roundedBytes(used)}${of}`;
};

const cpuSeconds = ({ resource_statistics: used }: Container): number | undefined =>
  used?.cpus_user_time_secs === undefined
    ? undefined
    : used.cpus_user_time_secs + (used.cpus_system_time_secs ?? 0);

const idOf = ({ container_id }: Container) => containerIdOf(container_id);

const COLUMNS: readonly Column<Container>[] = [
  { title: 'ID', text: idOf },
  { title: 'EXECUTOR', text: ({ executor_id }) => executor_id?.value ?? '' },
  { title: 'FRAMEWORK', text: ({ framework_id }) => framework_id?.value ?? '', isWide: true },
  {
    title: 'PID',
    text: ({ container_status }) => String(container_status?.executor_pid ?? ''),
    isRight: true,
  },
  {
    title: 'CPUS',
    text: ({ resource_statistics: used }) => amountText('cpus', used?.cpus_limit),
    isRight: true,
  },
  {
    title: 'CPU TIME',
    text: (container) => {
      const seconds = cpuSeconds(container);
      return seconds === undefined ? '' : spanText(seconds * 1000);
    },
    order: (container) => cpuSeconds(container) ?? 0,
    isSpan: true,
    isRight: true,
  },
  {
    title: 'MEM',
    text: ({ resource_statistics: used }) => bytesOf(used?.mem_rss_bytes, used?.mem_limit_bytes),
    order: ({ resource_statistics: used }) => used?.mem_rss_bytes ?? 0,
    sizeUnit: 'B',
    isRight: true,
  },
  {
    title: 'DISK',
    text: ({ resource_statistics: used }) => bytesOf(used?.disk_used_bytes, used?.disk_limit_bytes),
    order: ({ resource_statistics: used }) => used?.disk_used_bytes ?? 0,
    sizeUnit: 'B',
    isRight: true,
  },
  {
    title: 'PROCESSES',
    text: ({ resource_statistics: used }) => String(used?.processes ?? ''),
    isRight: true,
    isWide: true,
  },
  {
    title: 'ADDRESSES',
    text: ({ container_status = {} }) =>
      addressWords({ statuses: [{ container_status }] }).join(', '),
    isWide: true,
  },
];

export async function listContainers({
  words,
  values,
}: Asked<typeof AGENT_CONTAINERS_FLAGS>): Promise<void> {
  const agent = await reachedAgent(words[0] ?? '', values);
  const get_containers = { show_nested: values.nested, show_standalone: true };
  await presentList(values, async (): Promise<Listing<Container>> => {
    const type = AgentCall_Type.GET_CONTAINERS;
    const answer = await agent.call({ type, get_containers });
    return {
      rows: answer.get_containers?.containers ?? [],
      columns: COLUMNS,
      nameOf: idOf,
      jsonOf: (container) => jsonValue(types.AgentResponse_GetContainers_Container, container),
      none: `no containers run on ${agent.who}`,
    };
  });
}
