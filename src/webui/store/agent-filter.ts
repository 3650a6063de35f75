// Agents by what people search for and filter by.
import { agentCondition, agentName } from '../words/conditions.ts';
import type { Cluster } from './cluster.ts';
import type { AgentRow, AttributeRow } from './rows.ts';
import { haveWords, wordsOf } from './wanted-words.ts';

/** By names of the query of a place. */
export type AgentQuery = Readonly<Record<string, string>>;

/** Names in the query of a place, of all that shows or means agents. */
export const AGENT_FILTERS = ['q', 'place', 'attribute', 'version', 'state'];

export const placeText = ({ region, zone }: AgentRow): string =>
  [region, zone].filter(Boolean).join(' / ');

export const attributeText = ({ name, text }: AttributeRow): string => `${name}:${text}`;

/** More agents are counted, not named. */
const MAX_NAMED = 4;

/** `db-1, db-2 and 3 more`: of ids with commas between them; unknown ones stand for themselves. */
export function agentsNamed(cluster: Cluster, ids: string): string {
  const names = ids.split(',').map((id) => agentName(cluster.agent(id)) ?? id);
  const rest = names.length - MAX_NAMED;
  const named = names.slice(0, MAX_NAMED).join(', ');
  return rest > 0 ? `${named} and ${rest} more` : named;
}

export function agentPasses(
  agent: AgentRow,
  { q = '', state, place: where, attribute, version }: AgentQuery,
): boolean {
  const words = wordsOf(q);
  const texts = [
    agent.hostname,
    agent.id,
    placeText(agent),
    ...agent.attributes.map(attributeText),
  ];
  return (
    (state === undefined || agentCondition(agent).key === state) &&
    (where === undefined || placeText(agent) === where) &&
    (version === undefined || agent.version === version) &&
    (attribute === undefined ||
      agent.attributes.some((each) => attributeText(each) === attribute)) &&
    haveWords(texts, words)
  );
}
