// The head of a view about one thing: where it belongs, its name, and what can be looked at of it.
import type { ComponentChildren } from 'preact';
import { href } from '../locations/location.ts';
import { Icon } from './icon.tsx';
import { Name } from './name.tsx';
import { place } from './place.tsx';

interface ViewHeadProps {
  /** The list that it is in. */
  readonly of: { readonly title: string; readonly path: readonly string[] };
  readonly name: string;
  readonly children?: ComponentChildren;
}

export function ViewHead({ of, name, children }: ViewHeadProps) {
  return (
    <div class="view-head">
      <h1>
        <a class="view-of" href={href(of.path)}>
          <Name text={of.title} />
        </a>
        <Icon name="right" size={14} />
        <Name text={name} />
      </h1>
      {children}
    </div>
  );
}

interface Tab {
  readonly title: string;
  readonly path: readonly string[];
  /** A file that it shows. */
  readonly file?: string;
}

/** Each tab is a place of its own; that of the present place is marked. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  const { path, query } = place.value;
  const isHere = (tab: Tab) => tab.path.join('/') === path.join('/');
  const now =
    tabs.find((tab) => isHere(tab) && tab.file !== undefined && tab.file === query.file) ??
    tabs.find((tab) => isHere(tab) && tab.file === undefined);
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a
          key={tab.title}
          href={href(tab.path, { file: tab.file })}
          aria-current={tab === now ? 'page' : undefined}
        >
          {tab.title}
        </a>
      ))}
    </nav>
  );
}
