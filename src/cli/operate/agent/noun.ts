// `mesoscale agent VERB`: what agents there are. Without a verb `mesoscale agent` runs one.
import { AGENT } from '../parameters.ts';
import { type Noun, verb } from '../verb.ts';
import {
  AGENT_CAT_FLAGS,
  AGENT_CONTAINERS_FLAGS,
  AGENT_GET_FLAGS,
  AGENT_LS_FLAGS,
  AGENT_TAIL_FLAGS,
} from './file-flags.ts';
import {
  AGENT_DRAIN_FLAGS,
  AGENT_DUTY_FLAGS,
  AGENT_GONE_FLAGS,
  AGENT_LIST_FLAGS,
  AGENT_SHOW_FLAGS,
  AGENT_UNDRAIN_FLAGS,
} from './flags.ts';

const AGENTS = { ...AGENT, isMany: true } as const;

/** Or --filter, as of list. */
const AGENTS_OR_FILTER = { ...AGENTS, isOptional: true } as const;

const list = verb({
  name: 'list',
  summary: 'list agents',
  explanation:
    'STATE recovered: the master knows it from the one before it, and waits for it to come back. ' +
    'Unreachable: it no longer answers. Refused: it wants to register and may not; -o wide says why.',
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
  explanation:
    'With -o wide the agent itself is asked by whom it was built: agents of Mesoscale have the ' +
    'versions of Apache Mesos.',
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
    'should they come back, are refused.',
  parameters: [AGENTS],
  flags: AGENT_GONE_FLAGS,
  examples: [{ line: 'agent gone host17 --yes', says: 'a machine that has burnt down' }],
  run: async (asked) => (await import('./gone.ts')).markGone(asked),
});

const containers = verb({
  name: 'containers',
  summary: 'list the containers of an agent, and what they take',
  parameters: [AGENT],
  flags: AGENT_CONTAINERS_FLAGS,
  examples: [
    { line: 'agent containers host17', says: 'all of them' },
    { line: 'agent containers host17 --sort-by=-mem', says: 'the largest first' },
  ],
  run: async (asked) => (await import('./containers.ts')).listContainers(asked),
});

const FILE = { name: 'PATH', help: 'Its virtual path, such as /slave/log.' } as const;

const filesLs = verb({
  name: 'files ls',
  summary: 'list what an agent shows of its files',
  parameters: [
    AGENT,
    { name: 'PATH', help: 'A folder; without, the paths that there are.', isOptional: true },
  ],
  flags: AGENT_LS_FLAGS,
  examples: [{ line: 'agent files ls host17', says: 'its log, and sandboxes' }],
  run: async (asked) => (await import('./files.ts')).list(asked),
});

const filesCat = verb({
  name: 'files cat',
  summary: 'print a file of an agent',
  parameters: [AGENT, FILE],
  flags: AGENT_CAT_FLAGS,
  examples: [{ line: 'agent files cat host17 /slave/log', says: 'its log' }],
  run: async (asked) => (await import('./files.ts')).cat(asked),
});

const filesTail = verb({
  name: 'files tail',
  summary: 'print the end of a file of an agent',
  parameters: [AGENT, FILE],
  flags: AGENT_TAIL_FLAGS,
  examples: [{ line: 'agent files tail -f host17 /slave/log', says: 'and what is written' }],
  run: async (asked) => (await import('./files.ts')).tail(asked),
});

const filesGet = verb({
  name: 'files get',
  summary: 'fetch a file, or a folder, of an agent',
  parameters: [AGENT, FILE],
  flags: AGENT_GET_FLAGS,
  examples: [{ line: 'agent files get host17 /slave/log', says: 'its log, into this folder' }],
  run: async (asked) => (await import('./files.ts')).get(asked),
});

export const NOUN: Noun = {
  name: 'agent',
  summary: 'look at agents, and take them out and back',
  verbs: [
    ...[list, show, containers, filesLs, filesCat, filesTail, filesGet],
    ...[drain, undrain, deactivate, reactivate, gone],
  ],
  groups: { files: 'look at the files of an agent' },
};
