// Facts about one thing, each with its name. What is not so is left out.
import type { ComponentChildren } from 'preact';
import { CopyButton } from './copy-button.tsx';
import { Name } from './name.tsx';

export function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

interface FactProps {
  readonly name: string;
  readonly children: ComponentChildren;
}

export function Fact({ name, children }: FactProps) {
  if (children === undefined || children === null || children === '' || children === false) {
    return null;
  }
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** An id, to be copied. */
export function Id({ text, what }: { text: string; what: string }) {
  return (
    <span class="fixed id">
      <Name text={text} />
      <CopyButton text={text} what={what} />
    </span>
  );
}

/** Short texts, such as labels. */
export function Tags({ texts }: { texts: readonly string[] }) {
  return (
    <ul class="tags">
      {texts.map((text) => (
        <li key={text}>
          <Name text={text} />
        </li>
      ))}
    </ul>
  );
}
