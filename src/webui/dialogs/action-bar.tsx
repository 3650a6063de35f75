// Buttons for what can be done to the thing that a view shows.
import { refusalOf } from '../stream/refusals.ts';
import { type Action, ask, permissionOf } from './action.tsx';

/** What was refused is not offered again, but said. */
export function ActionBar({ actions }: { actions: readonly Action[] }) {
  const refused = actions.flatMap((action) => {
    const words = refusalOf(permissionOf(action));
    return words === undefined ? [] : [{ action, words }];
  });
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
      {refused.map(({ action, words }) => (
        <span key={action.verb} class="quiet">
          {action.verb}: {words}
        </span>
      ))}
    </div>
  );
}
