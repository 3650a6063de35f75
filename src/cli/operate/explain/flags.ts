// The flags of `mesoscale explain`.
import { role, text } from '../../flags/flag.ts';
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { SHOW_FLAGS } from '../output/flags.ts';

export const EXPLAIN_FLAGS = {
  ...CONNECTION_FLAGS,
  ...SHOW_FLAGS,
  agent: text({ placeholder: 'AGENT', help: 'Only this agent.' }),
  demand: text({
    placeholder: 'AMOUNTS',
    help: 'What one task needs, such as cpus:2;mem:4096: which agents could hold it?',
  }),
  role: role({ help: 'Only this role; all of the framework otherwise.' }),
};
