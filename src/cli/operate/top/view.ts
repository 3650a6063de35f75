// What is on the screen of `mesoscale top`, and what keys do to it. Pure.

export const VIEWS = ['tasks', 'agents', 'roles'] as const;
export type ViewName = (typeof VIEWS)[number];
const SORTS = ['cpus', 'mem', 'disk', 'gpus', 'age'] as const;
export type Sort = (typeof SORTS)[number];

export interface View {
  readonly name: ViewName;
  readonly sort: Sort;
  readonly isReversed: boolean;
  /** The first row that is shown. */
  readonly from: number;
}

/** A key as node:readline names it. */
export interface Key {
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
}

const VIEW_KEYS: Readonly<Record<string, ViewName>> = { t: 'tasks', n: 'agents', o: 'roles' };
const SORT_KEYS: Readonly<Record<string, Sort>> = {
  c: 'cpus',
  m: 'mem',
  d: 'disk',
  g: 'gpus',
  a: 'age',
};

/** Undefined: it ends. `rows`: how many are on the screen, of `all`. */
export function pressed(
  view: View,
  { name = '', ctrl = false }: Key,
  { rows, all }: { readonly rows: number; readonly all: number },
): View | undefined {
  if (name === 'q' || (ctrl && (name === 'c' || name === 'd')) || name === 'escape') {
    return undefined;
  }
  const other = Object.hasOwn(VIEW_KEYS, name) ? VIEW_KEYS[name] : undefined;
  if (other !== undefined) {
    return { ...view, name: other, from: 0 };
  }
  const sort = Object.hasOwn(SORT_KEYS, name) ? SORT_KEYS[name] : undefined;
  if (sort !== undefined) {
    return { ...view, sort, from: 0 };
  }
  const at = SORTS.indexOf(view.sort);
  const last = Math.max(0, all - rows);
  const scrolled = (by: number) => ({
    ...view,
    from: Math.min(last, Math.max(0, view.from + by)),
  });
  switch (name) {
    case 'r':
      return { ...view, isReversed: !view.isReversed, from: 0 };
    case 'left':
    case 'right': {
      const next = (at + (name === 'left' ? -1 : 1) + SORTS.length) % SORTS.length;
      return { ...view, sort: SORTS[next] ?? view.sort, from: 0 };
    }
    case 'up':
      return scrolled(-1);
    case 'down':
      return scrolled(1);
    case 'pageup':
      return scrolled(-rows);
    case 'pagedown':
    case 'space':
      return scrolled(rows);
    case 'home':
      return scrolled(-all);
    case 'end':
      return scrolled(all);
    default:
      return view;
  }
}
