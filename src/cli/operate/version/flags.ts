// The flags of `mesoscale version`.
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { SHOW_FLAGS } from '../output/flags.ts';

export const VERSION_FLAGS = { ...CONNECTION_FLAGS, ...SHOW_FLAGS };
