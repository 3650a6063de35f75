// Moments as how long ago they are, with the moment itself to be seen on hover.
import { signal } from '@preact/signals';
import { isMoment, relativeText, spanText } from '../words/amounts.ts';

const now = signal(Date.now());

export function followTime(): void {
  window.setInterval(() => {
    if (document.visibilityState === 'visible') {
      now.value = Date.now();
    }
  }, 1000);
}

const absolute = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'long',
});

const absoluteText = (ms: number): string => absolute.format(ms);

/** `3 min ago`; a dash where the moment is none. */
export function Ago({ ms }: { ms: number }) {
  if (!isMoment(ms)) {
    return <span class="quiet">–</span>;
  }
  return (
    <time dateTime={new Date(ms).toISOString()} title={absoluteText(ms)}>
      {relativeText(ms, now.value)}
    </time>
  );
}

/** Counts down; never below one second. */
export function Until({ ms }: { ms: number }) {
  return <>{spanText(Math.max(1000, ms - now.value))}</>;
}
