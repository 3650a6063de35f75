// `mesoscale agent VERB`: what agents there are. Without a verb `mesoscale agent` runs one.
import { type Noun, verb } from '../verb.ts';
import {
  AGENT_DRAIN_FLAGS,
  AGENT_DUTY_FLAGS,
  AGENT_GONE_FLAGS,
  AGENT_LIST_FLAGS,
  AGENT_SHOW_FLAGS,
  AGENT_UNDRAIN_FLAGS,
} from './flags.ts';

const AGENT = {
  name: 'AGENT',
  help: 'Its id, the beginning of it, or its host name.',
  completes: 'agent',
} as const;

const AGENTS = { ...AGENT, isMany: true } as const;

/** Or --filter, as of list. */
const AGENTS_OR_FILTER = { ...AGENTS, isOptional: true } as const;

const list = verb({
  name: 'list',
  summary: 'list agents',
  flags: AGENT_LIST_FLAGS,
  examples: [
    { line: 'agent list', says: 'all agents, and what of them is taken' },
    { line: 'agent list --filter "attributes=*rack:r1*" -o name', says: 'the ids of a rack' },
  ],
  run: async ({ values }) => (await import('./list.ts')).listAgents(values),
});

const show = verb({
  name: 'show',
  summary: 'show one agent',
  parameters: [AGENT],
  flags: AGENT_SHOW_FLAGS,
  examples: [{ line: 'agent show host17', says: 'what it has, who has it reserved, what runs' }],
  run: async (asked) => (await import('./show.ts')).showAgent(asked),
});

const drain = verb({
  name: 'drain',
  summary: 'end the tasks of agents, and offer nothing of them any more',
  explanation:
    'Before a machine is taken away. Tasks get their grace periods, and are told that the agent ' +
    'drains; frameworks start them elsewhere. Agents are named, or all that a filter of agent ' +
    'list finds.',
  parameters: [AGENTS_OR_FILTER],
  flags: AGENT_DRAIN_FLAGS,
  examples: [
    { line: 'agent drain host17 --wait', says: 'until nothing runs there' },
    { line: 'agent drain -f "attributes=*rack:r1*" --grace=5mins', says: 'a rack' },
    { line: 'agent drain host17 --gone --yes', says: 'it will not come back' },
  ],
  run: async (asked) => (await import('./drain.ts')).drain(asked),
});

const undrain = verb({
  name: 'undrain',
  summary: 'offer what agents have again, once they are drained',
  parameters: [AGENTS_OR_FILTER],
  flags: AGENT_UNDRAIN_FLAGS,
  examples: [{ line: 'agent undrain -f state=drained', says: 'all that are drained' }],
  run: async (asked) => (await import('./duty.ts')).undrain(asked),
});

const deactivate = verb({
  name: 'deactivate',
  summary: 'offer nothing of agents from now on; what runs there goes on',
  explanation: 'Where several are meant it asks first, or expects --yes.',
  parameters: [AGENTS_OR_FILTER],
  flags: AGENT_DUTY_FLAGS,
  examples: [{ line: 'agent deactivate host17', says: 'before its disk is looked at' }],
  run: async (asked) => (await import('./duty.ts')).deactivate(asked),
});

const reactivate = verb({
  name: 'reactivate',
  summary: 'offer what agents have again, after deactivate or a drain',
  parameters: [AGENTS_OR_FILTER],
  flags: AGENT_UNDRAIN_FLAGS,
  examples: [{ line: 'agent reactivate host17', says: 'it is back' }],
  run: async (asked) => (await import('./duty.ts')).reactivate(asked),
});

const gone = verb({
  name: 'gone',
  summary: 'tell the master that agents are gone for good',
  explanation:
    'Their tasks are told as gone to their frameworks (TASK_GONE_BY_OPERATOR), and the agents, ' +
    'should they come back, are refused. Of one that is unreachable say the whole id.',
  parameters: [AGENTS],
  flags: AGENT_GONE_FLAGS,
  examples: [{ line: 'agent gone host17 --yes', says: 'a machine that has burnt down' }],
  run: async (asked) => (await import('./gone.ts')).markGone(asked),
});

export const NOUN: Noun = {
  name: 'agent',
  summary: 'look at agents, and take them out and back',
  verbs: [list, show, drain, undrain, deactivate, reactivate, gone],
};
