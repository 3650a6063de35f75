// A text or number of a form that is a part of the place, so that a link shows the same.
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { place, refine } from './place.tsx';

/** A pause in typing after which the place follows. */
const PAUSE_MS = 400;

interface QueryFieldProps {
  /** In the query. */
  readonly name: string;
  readonly label: string;
  readonly type: 'number' | 'text';
  readonly placeholder: string;
}

export function QueryField({ name, label, type, placeholder }: QueryFieldProps) {
  const now = place.value.query[name] ?? '';
  const [typed, setTyped] = useState(now);
  const id = useId();
  const timer = useRef<number>(undefined);
  useEffect(() => setTyped(now), [now]);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const onInput = ({
    currentTarget: { value },
  }: InputEvent & { currentTarget: HTMLInputElement }) => {
    setTyped(value);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => refine({ [name]: value }), PAUSE_MS);
  };
  return (
    <span class="query-field">
      <label for={id}>{label}</label>
      {type === 'number' ? (
        <input
          id={id}
          type="number"
          min="0"
          step="any"
          {...{ placeholder, value: typed, onInput }}
        />
      ) : (
        <input id={id} type="text" {...{ placeholder, value: typed, onInput }} />
      )}
    </span>
  );
}
