// posix/mem: measures the memory that a container uses. There is no limit.
import { type Isolator, usageForExecutor } from './isolator.ts';

export const posixMem: Isolator = {
  name: 'posix/mem',
  contribute: (plan) => plan,
  async usage(container) {
    const used = await usageForExecutor(container);
    return used === undefined ? {} : { mem_rss_bytes: used.memRssBytes };
  },
};
