// A name that somebody has given to something in the cluster.
import { plainName } from '../words/names.ts';

/** `title`: what is seen on hover, where that is not the name itself. */
export function Name({ text, title }: { text: string; title?: string }) {
  return (
    <span class="name" dir="auto" title={plainName(title ?? text)}>
      {plainName(text)}
    </span>
  );
}
