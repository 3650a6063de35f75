// Where the page is, for all of it: the hash of the URL as a signal, and ways to other places.
import { signal } from '@preact/signals';
import { href, type Location, parseLocation, type Query } from '../locations/location.ts';
import { newLinkOf } from '../locations/old-links.ts';

/** Follows the hash; a link of Mesos's own page is replaced by the new one on the way. */
export const place = signal<Location>({ path: [], query: {} });

function follow(): void {
  const there = parseLocation(window.location.hash);
  const led = newLinkOf(there);
  if (led !== undefined) {
    window.location.replace(led);
    return;
  }
  place.value = there;
}

export function followHash(): void {
  window.addEventListener('hashchange', follow);
  follow();
}

/** Goes to a hash that `href` has made. */
export function goTo(hash: string): void {
  window.location.hash = hash;
}
/** Changes filters of the view that is shown; the way back leads to the view before. */
export function refine(changes: Query): void {
  const { path, query } = place.value;
  const hash = href(path, { ...query, ...changes });
  window.history.replaceState(window.history.state, '', hash);
  place.value = parseLocation(hash);
}
