// A text or number of a form that is a part of the place, so that a link shows the same.
import { useId } from 'preact/hooks';
import { Proposals } from './proposals.tsx';
import { useTyped } from './typed.ts';

/** A pause in typing after which the place follows. */
const PAUSE_MS = 400;

interface QueryFieldProps {
  /** In the query. */
  readonly name: string;
  readonly label: string;
  readonly type: 'number' | 'text';
  readonly placeholder: string;
  /** Of a text. */
  readonly proposals?: readonly string[];
}

export function QueryField({ name, label, type, placeholder, proposals = [] }: QueryFieldProps) {
  const [text, follow] = useTyped(name, PAUSE_MS);
  const id = useId();
  const onInput = ({ currentTarget }: InputEvent & { currentTarget: HTMLInputElement }) =>
    follow(currentTarget.value);
  return (
    <span class="query-field">
      <label for={id}>{label}</label>
      {type === 'number' ? (
        <input
          id={id}
          type="number"
          min="0"
          step="any"
          {...{ placeholder, value: text, onInput }}
        />
      ) : (
        <>
          <input
            id={id}
            type="text"
            list={`${id}-proposals`}
            spellcheck={false}
            {...{ placeholder, value: text, onInput }}
          />
          <Proposals id={`${id}-proposals`} texts={proposals} />
        </>
      )}
    </span>
  );
}
