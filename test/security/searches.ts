// The searches for ways around authentication and authorization, each by a seed.
import { searchAgent } from './agent-search.ts';
import { searchLists } from './list-search.ts';
import { searchMaster } from './master-search.ts';

export const SEARCHES = {
  lists: searchLists,
  master: searchMaster,
  agent: searchAgent,
} satisfies Record<string, (seed: number) => void | Promise<void>>;
