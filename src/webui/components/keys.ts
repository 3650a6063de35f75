// Keys that work everywhere on the page: `/` searches, `f` filters, `g` and a letter goes to a
// view, `?` helps. In a field they are letters.

interface Keys {
  /** By the letter after `g`. */
  readonly go: ReadonlyMap<string, () => void>;
  /** By key. */
  readonly act: ReadonlyMap<string, () => void>;
}

/** How long after `g` a letter still belongs to it. */
const PAIR_MS = 1500;

const isField = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Returns what ends it. */
export function followKeys({ go, act }: Keys): () => void {
  let goneMs = Number.NEGATIVE_INFINITY;
  const onKey = (event: KeyboardEvent) => {
    const { key, target, timeStamp } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || isField(target) || isInDialog()) {
      return;
    }
    const isPair = timeStamp - goneMs < PAIR_MS;
    goneMs = key === 'g' ? timeStamp : Number.NEGATIVE_INFINITY;
    const action = isPair ? go.get(key) : act.get(key);
    if (action !== undefined) {
      event.preventDefault();
      action();
    }
  };
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}

const isInDialog = () => document.querySelector('dialog[open]') !== null;

/** Puts the cursor into the filter of the view. */
export function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>('main input[type=search]');
  field?.focus();
  field?.select();
}
