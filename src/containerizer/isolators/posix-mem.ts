// posix/mem: how much memory a container uses. It has no limit.
import type { Isolator } from './isolator.ts';

export const posixMem: Isolator = {
  name: 'posix/mem',
  contribute: (plan) => plan,
  usage: ({ memRssBytes }) => ({ mem_rss_bytes: memRssBytes }),
};
