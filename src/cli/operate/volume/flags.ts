// The flags of `mesoscale volume VERB`, a table for each verb.
import { role, size, text, toggle } from '../../flags/flag.ts';
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { DANGER_FLAGS, DEED_FLAGS } from '../deed-flags.ts';
import { LIST_FLAGS } from '../output/flags.ts';

export const VOLUME_LIST_FLAGS = { ...CONNECTION_FLAGS, ...LIST_FLAGS };
export const VOLUME_CREATE_FLAGS = {
  ...CONNECTION_FLAGS,
  ...DEED_FLAGS,
  path: text({
    placeholder: 'PATH',
    help: 'Where tasks see it, below their sandbox; its ID without this.',
  }),
  role: role({ help: 'The role that the disk is reserved for.' }),
  shared: toggle({ default: false, help: 'Several tasks may use it at once.' }),
  size: size({ help: 'How large it is, such as 512MB.' }),
};

const ON_AGENT = text({
  placeholder: 'AGENT',
  help: 'The agent that it is on, where there are several of that ID.',
});
export const VOLUME_GROW_FLAGS = { ...CONNECTION_FLAGS, ...DEED_FLAGS, agent: ON_AGENT };
export const VOLUME_DANGER_FLAGS = { ...CONNECTION_FLAGS, ...DANGER_FLAGS, agent: ON_AGENT };
