// Says that the page does not hear of the cluster, and what it does about it.
import { connection, retryNow } from '../stream/connection.ts';
import { signInAsked } from '../stream/session.ts';
import { Icon } from './icon.tsx';
import { Until } from './time.tsx';

export function ConnectionBar() {
  const now = connection.value;
  if (now.phase === 'lost') {
    return (
      <div class="bar" data-kind="bad" role="status">
        <Icon name="plug" />
        <span>
          Connection lost. {now.why} What you see is from before;{' '}
          {now.retryMs === 0 ? (
            'the master is being asked now.'
          ) : (
            <>
              next attempt in <Until ms={now.retryMs} />.
            </>
          )}
        </span>
        {now.retryMs === 0 ? null : (
          <button type="button" class="button" onClick={retryNow}>
            Try now
          </button>
        )}
      </div>
    );
  }
  if (now.phase === 'denied') {
    return (
      <div class="bar" data-kind="warn" role="status">
        <Icon name="lock" />
        <span>{now.failure.message}</span>
        <button
          type="button"
          class="button"
          onClick={() => {
            signInAsked.value = true;
          }}
        >
          Sign in
        </button>
      </div>
    );
  }
  return null;
}
