// What is being typed into a field whose text is a part of the place.
import { useEffect, useRef, useState } from 'preact/hooks';
import { place, refine } from './place.tsx';

/**
 * The text of a field, and what is called with each text that is typed. After a pause in typing the
 * query of the place has it as `name`. What is typed while the place follows is kept: the place's
 * own text comes into the field only where nothing is being typed.
 */
export function useTyped(name: string, pauseMs: number): [string, (text: string) => void] {
  const [typed, setTyped] = useState<string>();
  const timer = useRef<number>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const type = (text: string) => {
    setTyped(text);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      setTyped(undefined);
      refine({ [name]: text });
    }, pauseMs);
  };
  return [typed ?? place.value.query[name] ?? '', type];
}
