// Buttons for what can be done to the thing that a view shows.
import type { ComponentChildren } from 'preact';
import { href, type Query } from '../locations/location.ts';
import { refusalOf } from '../stream/refusals.ts';
import { NOT_ALLOWED } from '../stream/requests.ts';
import { type Action, ask, permissionOf } from './action.tsx';

interface ActionBarProps {
  readonly actions: readonly Action[];
  /** Of “What if?”, where that can be asked. */
  readonly planned?: Query | undefined;
  /** More buttons. */
  readonly children?: ComponentChildren;
}

/** What was refused is not offered again, but said. */
export function ActionBar({ actions, planned, children }: ActionBarProps) {
  const refused = actions.flatMap((action) => {
    const words = refusalOf(permissionOf(action));
    return words === undefined ? [] : [{ action, words }];
  });
  const isSaid = ({ words }: { words: string }) => !words.startsWith(NOT_ALLOWED);
  const denied = refused.filter((each) => !isSaid(each));
  return (
    <div class="action-bar">
      {actions
        .filter((action) => refusalOf(permissionOf(action)) === undefined)
        .map((action) => (
          <button
            key={action.verb}
            type="button"
            class="button"
            title={action.title}
            onClick={() => ask(action)}
          >
            {action.verb}
          </button>
        ))}
      {children}
      {planned === undefined ? null : (
        <a class="button" href={href(['what-if'], planned)}>
          What if?
        </a>
      )}
      {denied.length === 0 ? null : (
        <span class="quiet">
          Not allowed to you: {denied.map(({ action }) => action.verb).join(', ')}.
        </span>
      )}
      {refused.filter(isSaid).map(({ action, words }) => (
        <span key={action.verb} class="quiet">
          {action.verb}: {words}
        </span>
      ))}
    </div>
  );
}
