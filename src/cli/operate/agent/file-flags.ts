// The flags of `mesoscale agent containers` and `agent files VERB`, and of `master files VERB`.
import { toggle } from '../../flags/flag.ts';
import { AGENT_CONNECTION_FLAGS, CONNECTION_FLAGS } from '../connection/flags.ts';
import { CAT_FLAGS, GET_FLAGS, TAIL_FLAGS } from '../files/flags.ts';
import { LIST_FLAGS } from '../output/flags.ts';

export const AGENT_CONTAINERS_FLAGS = {
  ...AGENT_CONNECTION_FLAGS,
  ...LIST_FLAGS,
  nested: toggle({
    default: true,
    help: 'Containers in others: tasks of groups, commands beside tasks.',
  }),
};

export const AGENT_LS_FLAGS = { ...AGENT_CONNECTION_FLAGS, ...LIST_FLAGS };
export const AGENT_CAT_FLAGS = { ...AGENT_CONNECTION_FLAGS, ...CAT_FLAGS };
export const AGENT_TAIL_FLAGS = { ...AGENT_CONNECTION_FLAGS, ...TAIL_FLAGS };
export const AGENT_GET_FLAGS = { ...AGENT_CONNECTION_FLAGS, ...GET_FLAGS };

export const MASTER_CAT_FLAGS = { ...CONNECTION_FLAGS, ...CAT_FLAGS };
export const MASTER_TAIL_FLAGS = { ...CONNECTION_FLAGS, ...TAIL_FLAGS };
export const MASTER_GET_FLAGS = { ...CONNECTION_FLAGS, ...GET_FLAGS };
