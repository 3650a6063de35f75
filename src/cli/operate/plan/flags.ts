// The flags of `mesoscale plan VERB`, a table for each verb.
import { text, texts } from '../../flags/flag.ts';
import { CONNECTION_FLAGS } from '../connection/flags.ts';
import { SHOW_FLAGS } from '../output/flags.ts';

export const PLAN_FLAGS = { ...CONNECTION_FLAGS, ...SHOW_FLAGS };

export const PLAN_QUOTA_FLAGS = {
  ...PLAN_FLAGS,
  guarantees: text({
    placeholder: 'AMOUNTS',
    help: 'What the role is to have at least, such as cpus:2;mem:1024.',
  }),
};

export const PLAN_AGENTS_FLAGS = {
  ...PLAN_FLAGS,
  attributes: text({ help: 'Attributes of each of them, such as rack:r1;level:3.' }),
  resources: text({
    placeholder: 'RESOURCES',
    help: 'What each of them has, such as cpus:16;mem:65536;disk:500000.',
  }),
};

const several = (placeholder: string, help: string) =>
  texts({ placeholder, help: `${help} May be given several times.` });

export const PLAN_CHANGES_FLAGS = {
  ...PLAN_FLAGS,
  add_agents: several('CHANGE', 'How many agents more, and what each has: "10 cpus:16;mem:65536".'),
  drain: several('AGENT', 'An agent that is drained.'),
  quota: several('CHANGE', 'A role and what it may have at most: "eng cpus:40;mem:65536".'),
  remove_framework: several('FRAMEWORK', 'A framework that ends.'),
  weight: several('ROLE=WEIGHT', 'Another weight of a role.'),
};
