// linux/nnp: no program that a container executes, such as sudo, gives it more privileges.
import type { Isolator } from './isolator.ts';

export const linuxNnp: Isolator = {
  name: 'linux/nnp',
  contribute: (plan) => ({ ...plan, noNewPrivileges: true }),
};
