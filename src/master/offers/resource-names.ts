// The core keeps a number for each resource name it ever met, and has room for some. Names that
// clients make up do not reach it; of those that agents and operators bring it gets so many and no
// more.
import type { Resource } from '../../model/generated/messages.ts';
import type { MasterState } from '../state.ts';

const MOST_NAMES = 900;
/** Frameworks leave room for agents that join later. */
export const MOST_NAMES_OF_FRAMEWORKS = 450;

/** False, and nothing is claimed, if the names would be too many. */
export function claimNames(
  state: MasterState,
  names: Iterable<string>,
  most = MOST_NAMES,
): boolean {
  const news = new Set<string>();
  for (const name of names) {
    if (!state.resourceNames.has(name)) {
      news.add(name);
    }
  }
  if (news.size > 0 && state.resourceNames.size + news.size > most) {
    return false;
  }
  for (const name of news) {
    state.resourceNames.add(name);
  }
  return true;
}

/** `claimNames` for the names of all resources in the lists. */
export function claimNamesOf(
  state: MasterState,
  lists: readonly (readonly Resource[] | undefined)[],
): boolean {
  const names = new Set<string>();
  for (const list of lists) {
    for (const { name } of list ?? []) {
      names.add(name);
    }
  }
  return claimNames(state, names);
}

/** Whether each resource has one of the same name in the whole. */
export const hasNames = (whole: readonly Resource[], part: readonly Resource[]): boolean =>
  part.every(({ name }) => whole.some((it) => it.name === name));
