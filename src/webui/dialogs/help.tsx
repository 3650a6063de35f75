// The keys of the page.
import { Dialog } from '../components/dialog.tsx';
import { NAVIGATION } from '../views/views.ts';

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['/', 'Search everything'],
  ['f', 'Filter what is shown'],
  ['?', 'Show these keys'],
  ['↑ ↓', 'Move in a table'],
  ['Enter', 'Open the row'],
  ['Space', 'Choose the row, where several can be chosen'],
  ['Shift ↓', 'Choose as you move'],
  ['Ctrl A', 'Choose all rows'],
  ['Esc', 'Close a dialog, leave a field'],
];

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const going = NAVIGATION.map(({ key, title }) => [`g ${key}`, `Go to ${title}`] as const);
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {[...KEYS, ...going].map(([keys, does]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
