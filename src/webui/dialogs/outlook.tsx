// What would come of a change that is being chosen, in its dialog: before and after, by PLAN.
import { useEffect, useState } from 'preact/hooks';
import { ForecastTable } from '../components/forecast-table.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { useReading } from '../components/reading.ts';
import { call } from '../stream/requests.ts';
import { counted } from '../words/amounts.ts';
import {
  clusterLines,
  FORCED,
  type Forecast,
  forecastWarnings,
  shareLines,
} from '../words/forecasts.ts';

/** It takes a thread of the master for a while. */
const EVERY_MS = 30_000;
/** A pause in choosing after which it is asked. */
const PAUSE_MS = 400;
/** Whoever is in a hurry need not wait for longer. */
const PATIENCE_MS = 5000;
/** More would hide what is asked below them. */
const MAX_LINES = 12;

interface OutlookProps {
  /** As JSON. */
  readonly changes: string;
  /** Where all of it is shown. */
  readonly more: string;
  readonly onMore: () => void;
  /** Told the changes that have their answer, or that none is waited for any more. */
  readonly onAnswered: (changes: string) => void;
}

export function Outlook({ changes, more, onMore, onAnswered }: OutlookProps) {
  const [asked, setAsked] = useState(changes);
  useEffect(() => {
    const pause = window.setTimeout(() => setAsked(changes), PAUSE_MS);
    const patience = window.setTimeout(() => onAnswered(changes), PATIENCE_MS);
    return () => {
      window.clearTimeout(pause);
      window.clearTimeout(patience);
    };
  }, [changes]);
  return (
    <>
      <Asked
        key={asked}
        changes={asked}
        isOld={asked !== changes}
        onAnswered={() => onAnswered(asked)}
      />
      <p>
        <a href={more} onClick={onMore}>
          What if?
        </a>
      </p>
    </>
  );
}

interface AskedProps {
  /** As JSON. */
  readonly changes: string;
  /** Whether something else has been chosen since. */
  readonly isOld: boolean;
  readonly onAnswered: () => void;
}

function Asked({ changes, isOld, onAnswered }: AskedProps) {
  const cluster = useCluster();
  const { value, failure } = useReading(`outlook ${changes}`, EVERY_MS, (signal) =>
    call<Forecast>('PLAN', { plan: { changes: JSON.parse(changes) } }, signal),
  );
  const isAnswered = !isOld && (value !== undefined || failure !== undefined);
  useEffect(() => {
    if (isAnswered) {
      onAnswered();
    }
  }, [isAnswered]);
  if (value === undefined) {
    const words = failure instanceof Error ? failure.message : 'Asking what would come of it …';
    return (
      <p class="quiet" role="status">
        <Name text={words} />
      </p>
    );
  }
  const nameOf = (id: string) => cluster?.frameworks.get(id)?.name || id;
  const lines = [...clusterLines(value), ...shareLines(value, nameOf)].filter(
    ({ isOther }) => isOther,
  );
  return (
    <div class="outlook" aria-busy={isOld}>
      {isOld ? (
        <p class="quiet" role="status">
          This is for what was chosen before. Asking anew …
        </p>
      ) : null}
      {lines.length === 0 ? (
        <p class="quiet">Nobody would hold or be offered more or less than now.</p>
      ) : (
        <ForecastTable title="What would come of it" lines={lines.slice(0, MAX_LINES)} />
      )}
      {lines.length <= MAX_LINES ? null : (
        <p class="quiet">And {counted(lines.length - MAX_LINES, 'more line')}.</p>
      )}
      {forecastWarnings(value, FORCED).map((warning) => (
        <p key={warning} class="bar" data-kind="warn">
          <Name text={warning} />
        </p>
      ))}
    </div>
  );
}
