// Filters above a list. They are in the query of the place, so that a link shows the same.
import { countText } from '../words/amounts.ts';
import { Icon } from './icon.tsx';
import { Name } from './name.tsx';
import { place, refine } from './place.tsx';
import { useTyped } from './typed.ts';

/** A pause in typing after which the list follows. */
const PAUSE_MS = 150;

/** Free text, as `q` of the query. */
export function SearchField({ label }: { label: string }) {
  const [text, type] = useTyped('q', PAUSE_MS);
  return (
    <label class="search">
      <Icon name="search" size={16} />
      <span class="unseen">{label}</span>
      <input
        type="search"
        placeholder={label}
        value={text}
        spellcheck={false}
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.currentTarget.blur();
          }
        }}
      />
      <span class="search-key" aria-hidden="true">
        f
      </span>
    </label>
  );
}

export interface Option {
  /** Empty for the one that is so without a filter. */
  readonly value: string;
  readonly text: string;
  readonly count?: number;
}

interface ChoiceProps {
  /** The name in the query. */
  readonly name: string;
  readonly label: string;
  readonly options: readonly Option[];
}

/** One of a few, all of which are seen. */
export function Pills({ name, label, options }: ChoiceProps) {
  const now = place.value.query[name] ?? '';
  return (
    <fieldset class="pills">
      <legend class="unseen">{label}</legend>
      {options.map(({ value, text, count }) => (
        <button
          key={value}
          type="button"
          class="pill"
          aria-pressed={value === now}
          onClick={() => refine({ [name]: value })}
        >
          {text}
          {count === undefined ? null : <span class="number quiet">{countText(count)}</span>}
        </button>
      ))}
    </fieldset>
  );
}

/** One of many. `unset` says what is so without it. */
export function Choice({
  name,
  label,
  options,
  unset = 'all',
}: ChoiceProps & { readonly unset?: string }) {
  const now = place.value.query[name] ?? '';
  if (options.length === 0 && now === '') {
    return null;
  }
  return (
    <label class="choice">
      <span class="unseen">{label}</span>
      <select
        value={now}
        onChange={(event) => refine({ [name]: event.currentTarget.value })}
        data-set={now !== ''}
      >
        <option value="">
          {label}: {unset}
        </option>
        {options.map(({ value, text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ChipsProps {
  readonly names: readonly string[];
  /** What a value is called, where it is an id; the value itself is seen on hover. */
  readonly nameOf?: (name: string, value: string) => string;
}

/** What a link has filtered by, to be taken away. */
export function Chips({ names, nameOf = (_, value) => value }: ChipsProps) {
  const { query } = place.value;
  return names.map((name) => {
    const value = query[name];
    return value === undefined ? null : (
      <span key={name} class="chip">
        <span class="quiet">{name}</span>
        <Name text={nameOf(name, value)} title={value} />
        <button
          type="button"
          class="button-icon"
          aria-label={`Without the filter ${name}`}
          onClick={() => refine({ [name]: undefined })}
        >
          <Icon name="close" size={13} />
        </button>
      </span>
    );
  });
}
