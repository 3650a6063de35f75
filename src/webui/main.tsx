// Where the page begins.
import { render } from 'preact';
import { followHash } from './components/place.tsx';
import { Shell } from './components/shell.tsx';
import { followTheme } from './components/theme.tsx';
import { learnSession } from './stream/session.ts';

followTheme();
followHash();
void learnSession();
render(<Shell />, document.body);
