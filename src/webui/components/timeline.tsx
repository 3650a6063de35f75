// The life of a task: what it was told to be, by whom and why, the newest first.
import type { TaskStatus } from '../../model/generated/messages.ts';
import type { Seen } from '../store/shapes.ts';
import { spanText } from '../words/amounts.ts';
import { reasonWords, sourceWords } from '../words/reasons.ts';
import { checkWords } from '../words/task-facts.ts';
import { stateWords } from '../words/task-states.ts';
import { StateBadge } from './badge.tsx';
import { Ago } from './time.tsx';

export function Timeline({ statuses }: { statuses: readonly Seen<TaskStatus>[] }) {
  const newest = statuses.toReversed();
  return (
    <ol class="timeline">
      {newest.map((status, index) => {
        const { state = 13, message, reason, source, timestamp = 0 } = status;
        const before = newest[index + 1]?.timestamp;
        const { kind, means } = stateWords(state);
        const said = sourceWords(source);
        return (
          <li key={statuses.length - index} data-kind={kind}>
            <div class="timeline-head">
              <StateBadge state={state} />
              <Ago ms={timestamp * 1000} />
              {before === undefined || timestamp - before < 1 ? null : (
                <span class="quiet">after {spanText((timestamp - before) * 1000)}</span>
              )}
              {said === undefined ? null : <span class="quiet">said by the {said}</span>}
            </div>
            <p>{reasonWords(reason) ?? means}</p>
            <Health status={status} />
            {message === undefined || message === '' ? null : (
              <pre class="timeline-message">{message}</pre>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function Health({ status: { healthy, check_status } }: { status: Seen<TaskStatus> }) {
  const checked = checkWords(check_status);
  const parts = [
    ...(healthy === undefined ? [] : [healthy ? 'healthy' : 'not healthy']),
    ...(checked === undefined ? [] : [checked]),
  ];
  return parts.length === 0 ? null : <p class="quiet">It is {parts.join('; ')}.</p>;
}
