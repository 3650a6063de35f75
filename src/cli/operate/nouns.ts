// The nouns that operators' commands begin with, a line each. Only the one that is asked for is
// loaded.
import type { Noun } from './verb.ts';

/** In the order of the list that users see. */
const NOUNS: Readonly<Record<string, () => Promise<{ readonly NOUN: Noun }>>> = {
  agent: () => import('./agent/noun.ts'),
  master: () => import('./master/noun.ts'),
  task: () => import('./task/noun.ts'),
  framework: () => import('./framework/noun.ts'),
  role: () => import('./role/noun.ts'),
  quota: () => import('./quota/noun.ts'),
  weight: () => import('./weight/noun.ts'),
  reservation: () => import('./reservation/noun.ts'),
  volume: () => import('./volume/noun.ts'),
  maintenance: () => import('./maintenance/noun.ts'),
  events: () => import('./events/noun.ts'),
  top: () => import('./top/noun.ts'),
  metrics: () => import('./metrics/noun.ts'),
  plan: () => import('./plan/noun.ts'),
  explain: () => import('./explain/noun.ts'),
  health: () => import('./health/noun.ts'),
  version: () => import('./version/noun.ts'),
  context: () => import('./context/noun.ts'),
  completion: () => import('./completion/noun.ts'),
};

export const NOUN_NAMES: readonly string[] = Object.keys(NOUNS);

/** Undefined where there is no noun of that name. */
export const nounOf = async (name: string): Promise<Noun | undefined> =>
  Object.hasOwn(NOUNS, name) ? (await NOUNS[name]?.())?.NOUN : undefined;

export const allNouns = (): Promise<Noun[]> =>
  Promise.all(Object.values(NOUNS).map(async (load) => (await load()).NOUN));
