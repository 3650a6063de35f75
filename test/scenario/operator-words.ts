// Calls of operators as a scenario writes them.
import {
  type AgentID,
  type MachineID,
  type MasterCall,
  MasterCall_Type,
  type QuotaConfig,
} from '../../src/model/generated/messages.ts';
import type { Cluster } from './cluster.ts';
import { duration, the } from './words.ts';

type Words = readonly string[];
type CallOf = (cluster: Cluster, words: Words) => MasterCall;

const agent = (cluster: Cluster, name: string | undefined): { agent_id: AgentID } => ({
  agent_id: { value: cluster.names.id(name ?? '') },
});

const machines = (cluster: Cluster, name = ''): MachineID[] => {
  const { pid } = the(cluster.machines.get(name), `machine ${name}`);
  return [{ hostname: name, ip: pid.replace(/^.*@|:\d+$/g, '') }];
};

const NANOSECONDS_OF_MS = 1_000_000;
const nanoseconds = (ms: number) => ({
  nanoseconds: BigInt(Math.round(ms)) * BigInt(NANOSECONDS_OF_MS),
});

function quota(role: string, words: Words): QuotaConfig {
  const of = (what: string) => {
    const text = words.find((word) => word.startsWith(`${what}=`))?.slice(what.length + 1) ?? '';
    return Object.fromEntries(
      text
        .split(';')
        .filter(Boolean)
        .map((part) => {
          const [name = '', value] = part.split(':');
          return [name, { value: Number(value) }];
        }),
    );
  };
  return { role, guarantees: of('guarantees'), limits: of('limits') };
}

/** By the words after `operator`. */
const CALLS: readonly (readonly [RegExp, CallOf])[] = [
  [
    /^sets quota of (\S+) (.*)$/,
    (_, [role = '', words = '']) => ({
      type: MasterCall_Type.UPDATE_QUOTA,
      update_quota: {
        force: words.endsWith(' forced'),
        quota_configs: [quota(role, words.split(' '))],
      },
    }),
  ],
  [
    /^sets weight of (\S+) to (\S+)$/,
    (_, [role = '', weight]) => ({
      type: MasterCall_Type.UPDATE_WEIGHTS,
      update_weights: { weight_infos: [{ role, weight: Number(weight) }] },
    }),
  ],
  [
    /^drains (\S+)(?: within (\S+))?( and marks it gone)?$/,
    (cluster, [name, grace, gone]) => ({
      type: MasterCall_Type.DRAIN_AGENT,
      drain_agent: {
        ...agent(cluster, name),
        ...(grace === undefined ? {} : { max_grace_period: { seconds: duration(grace) / 1000 } }),
        ...(gone === undefined ? {} : { mark_gone: true }),
      },
    }),
  ],
  [
    /^deactivates (\S+)$/,
    (cluster, [name]) => ({
      type: MasterCall_Type.DEACTIVATE_AGENT,
      deactivate_agent: agent(cluster, name),
    }),
  ],
  [
    /^reactivates (\S+)$/,
    (cluster, [name]) => ({
      type: MasterCall_Type.REACTIVATE_AGENT,
      reactivate_agent: agent(cluster, name),
    }),
  ],
  [
    /^marks (\S+) gone$/,
    (cluster, [name]) => ({
      type: MasterCall_Type.MARK_AGENT_GONE,
      mark_agent_gone: agent(cluster, name),
    }),
  ],
  [
    /^schedules maintenance of (\S+) in (\S+)$/,
    (cluster, [name, start = '']) => ({
      type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
      update_maintenance_schedule: {
        schedule: {
          windows: [
            {
              machine_ids: machines(cluster, name),
              unavailability: { start: nanoseconds(cluster.nowMs + duration(start)) },
            },
          ],
        },
      },
    }),
  ],
  [
    /^starts maintenance of (\S+)$/,
    (cluster, [name]) => ({
      type: MasterCall_Type.START_MAINTENANCE,
      start_maintenance: { machines: machines(cluster, name) },
    }),
  ],
  [
    /^stops maintenance of (\S+)$/,
    (cluster, [name]) => ({
      type: MasterCall_Type.STOP_MAINTENANCE,
      stop_maintenance: { machines: machines(cluster, name) },
    }),
  ],
];

/** Throws where there is no such call. */
export function operatorCall(cluster: Cluster, text: string): MasterCall {
  for (const [pattern, callOf] of CALLS) {
    const match = pattern.exec(text);
    if (match !== null) {
      return callOf(cluster, match.slice(1));
    }
  }
  throw new Error(`an operator does not know '${text}'`);
}
