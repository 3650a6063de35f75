// What a view asks of the master by itself, again and again as long as it is shown: small answers
// that the stream of events does not carry.
import { useEffect, useState } from 'preact/hooks';
import { RequestFailure } from '../stream/requests.ts';

export interface Reading<T> {
  /** The last answer; it stays while a later one fails. */
  readonly value: T | undefined;
  /** Of the last attempt. */
  readonly failure: unknown;
}

/** Answers come at least this far apart, however fast the master is. */
const LEAST_PAUSE_MS = 500;
/** After a first failure, where answers say how long the pause is. */
const AFTER_FAILURE_MS = 5000;

/**
 * Reads now and `everyMs` after each answer, while the tab is visible. `about` says what is read: a
 * change begins anew. `everyMs` as a function, always the same one, is told the last answer. The
 * reader gets a signal that is aborted when nobody waits any more.
 */
export function useReading<T>(
  about: string,
  everyMs: number | ((value: T) => number),
  read: (signal: AbortSignal) => Promise<T>,
): Reading<T> {
  const [reading, setReading] = useState<Reading<T> & { about: string }>({
    about,
    value: undefined,
    failure: undefined,
  });
  useEffect(() => {
    const end = new AbortController();
    let timer: number | undefined;
    let isAsking = false;
    let lastMs = AFTER_FAILURE_MS;
    const pauseMs = (answer: { readonly value?: T; readonly failure: unknown }) => {
      if (typeof everyMs === 'number') {
        return everyMs;
      }
      lastMs = answer.value === undefined ? lastMs : everyMs(answer.value);
      return lastMs;
    };
    const isOver = () => end.signal.aborted;
    const again = () => {
      window.clearTimeout(timer);
      if (document.visibilityState === 'visible' && !isOver() && !isAsking) {
        void attempt();
      }
    };
    const attempt = async () => {
      isAsking = true;
      const answer = await read(end.signal).then(
        (value) => ({ value, failure: undefined }),
        (failure: unknown) => ({ failure }),
      );
      isAsking = false;
      if (isOver()) {
        return;
      }
      setReading((last) => ({
        value: last.about === about ? last.value : undefined,
        ...answer,
        about,
      }));
      if (!isFinal(answer.failure)) {
        timer = window.setTimeout(again, Math.max(pauseMs(answer), LEAST_PAUSE_MS));
      }
    };
    document.addEventListener('visibilitychange', again);
    again();
    return () => {
      end.abort();
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', again);
    };
  }, [about, everyMs]);
  return reading.about === about ? reading : { value: undefined, failure: undefined };
}

/** What the master has refused once it refuses again. */
const isFinal = (failure: unknown) =>
  failure instanceof RequestFailure && ['denied', 'refused', 'signIn'].includes(failure.kind);
