// The flags of `mesoscale quota VERB`, a table for each verb.
import { text, toggle } from '../../flags/flag.ts';
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { DANGER_FLAGS, DEED_FLAGS } from '../deed-flags.ts';
import { LIST_FLAGS } from '../output/flags.ts';

export const QUOTA_LIST_FLAGS = { ...CONNECTION_FLAGS, ...LIST_FLAGS };
export const QUOTA_SET_FLAGS = {
  ...CONNECTION_FLAGS,
  ...DEED_FLAGS,
  force: toggle({
    default: false,
    help: 'Even if the cluster does not have what is guaranteed, or the role has more already.',
  }),
  guarantees: text({
    placeholder: 'AMOUNTS',
    help: 'What the role gets in any case, such as cpus:2;mem:512, or none. Without it, its guarantees stay.',
  }),
};
export const QUOTA_REMOVE_FLAGS = { ...CONNECTION_FLAGS, ...DANGER_FLAGS };
