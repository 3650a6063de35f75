// The flags of verbs that change something.
import { toggle } from '../flags/flag.ts';

/** Of a verb that changes something. */
export const DEED_FLAGS = {
  dry_run: toggle({ default: false, help: 'Send nothing; show what would be sent.' }),
};

/** Of a verb that ends or takes away what others use. */
export const DANGER_FLAGS = {
  ...DEED_FLAGS,
  yes: toggle({ short: 'y', default: false, help: 'Do not ask.' }),
};
