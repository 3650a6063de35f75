// Where the page begins.
import { effect } from '@preact/signals';
import { render } from 'preact';
import { followStore } from './components/live.ts';
import { followHash } from './components/place.tsx';
import { Shell } from './components/shell.tsx';
import { followTheme } from './components/theme.tsx';
import { followTime } from './components/time.tsx';
import { followEvents, retryNow } from './stream/connection.ts';
import { learnSession, session } from './stream/session.ts';

followTheme();
followHash();
followTime();
followStore();
void learnSession();
void followEvents();
// Who has signed in may see more.
effect(() => {
  if (session.value?.principal !== undefined) {
    retryNow();
  }
});
render(<Shell />, document.body);
