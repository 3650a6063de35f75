// `mesoscale agent VERB`: what agents there are. Without a verb `mesoscale agent` runs one.
import { type Noun, verb } from '../verb.ts';
import { AGENT_DUTY_FLAGS, AGENT_GONE_FLAGS, AGENT_LIST_FLAGS, AGENT_SHOW_FLAGS } from './flags.ts';

const AGENT = {
  name: 'AGENT',
  help: 'Its id, the beginning of it, or its host name.',
  completes: 'agent',
} as const;

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

const deactivate = verb({
  name: 'deactivate',
  summary: 'offer nothing of an agent from now on; what runs there goes on',
  parameters: [AGENT],
  flags: AGENT_DUTY_FLAGS,
  examples: [{ line: 'agent deactivate host17', says: 'before its disk is looked at' }],
  run: async (asked) => (await import('./duty.ts')).deactivate(asked),
});

const reactivate = verb({
  name: 'reactivate',
  summary: 'offer what an agent has again, after deactivate or a drain',
  parameters: [AGENT],
  flags: AGENT_DUTY_FLAGS,
  examples: [{ line: 'agent reactivate host17', says: 'it is back' }],
  run: async (asked) => (await import('./duty.ts')).reactivate(asked),
});

const gone = verb({
  name: 'gone',
  summary: 'tell the master that an agent is gone for good',
  explanation:
    'Its tasks are told as gone to their frameworks (TASK_GONE_BY_OPERATOR), and the agent, ' +
    'should it come back, is refused.',
  parameters: [AGENT],
  flags: AGENT_GONE_FLAGS,
  examples: [{ line: 'agent gone host17 --yes', says: 'a machine that has burnt down' }],
  run: async (asked) => (await import('./gone.ts')).markGone(asked),
});

export const NOUN: Noun = {
  name: 'agent',
  summary: 'look at agents, and take them out and back',
  verbs: [list, show, deactivate, reactivate, gone],
};
