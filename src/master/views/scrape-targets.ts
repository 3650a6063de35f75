// Where the agents are, for the discovery of Prometheus (http_sd_config): it asks from time to
// time, and watches what is listed. That is the connected agents, each with what can become its
// labels.
import { Value_Type } from '../../model/generated/messages.ts';
import type { Agent, MasterState } from '../state.ts';

interface ScrapeTarget {
  readonly targets: readonly [address: string];
  readonly labels: Readonly<Record<string, string>>;
}

const PREFIX = '__meta_mesos_agent';

export function* scrapeTargets({ agents }: MasterState): Generator<ScrapeTarget> {
  for (const agent of agents.registered.values()) {
    if (agent.connected) {
      yield { targets: [agent.address], labels: labelsOf(agent) };
    }
  }
}

function labelsOf({ id, info }: Agent): Record<string, string> {
  const labels: Record<string, string> = {
    [`${PREFIX}_id`]: id,
    [`${PREFIX}_hostname`]: info.hostname,
  };
  const place = info.domain?.fault_domain;
  if (place !== undefined) {
    labels[`${PREFIX}_region`] = place.region.name;
    labels[`${PREFIX}_zone`] = place.zone.name;
  }
  for (const { name, type, text, scalar } of info.attributes ?? []) {
    const value = type === Value_Type.SCALAR ? scalar?.value : text?.value;
    if (value !== undefined) {
      labels[`${PREFIX}_attribute_${name.replaceAll(/\W/g, '_')}`] = String(value);
    }
  }
  return labels;
}
