// What stands where there is nothing to show, or nothing yet: empty, loading, denied, failed.
import type { ComponentChildren } from 'preact';
import { RequestFailure } from '../stream/requests.ts';
import { Icon, type IconName } from './icon.tsx';

interface NoticeProps {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
}

function Notice({ icon, title, children }: NoticeProps) {
  return (
    <div class="notice">
      <Icon name={icon} size={32} />
      <h2>{title}</h2>
      {children === undefined ? null : <p>{children}</p>}
    </div>
  );
}

/** There is nothing of it in the cluster, or nothing that the filters let through. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <Notice icon="inbox" title={title}>
      {children}
    </Notice>
  );
}

/** Grey lines in the shape of what comes; `what` is told to screen readers. */
export function Loading({ what, lines = 6 }: { what: string; lines?: number }) {
  return (
    <div class="loading" role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="loading-line" />
      ))}
    </div>
  );
}

/** Why something cannot be shown, in words of what to do about it. */
export function Failed({ failure }: { failure: unknown }) {
  if (!(failure instanceof RequestFailure)) {
    return (
      <Notice icon="warning" title="This could not be shown">
        {failure instanceof Error ? failure.message : String(failure)}
      </Notice>
    );
  }
  switch (failure.kind) {
    case 'denied':
      return (
        <Notice icon="lock" title="You may not see this">
          {failure.message} Whoever keeps the access control lists of this cluster can allow it.
        </Notice>
      );
    case 'signIn':
      return (
        <Notice icon="user" title="You are not signed in">
          Sign in to see this.
        </Notice>
      );
    case 'moved':
    case 'away':
      return (
        <Notice icon="plug" title="The master cannot be reached">
          {failure.message} The page asks again by itself.
        </Notice>
      );
    case 'refused':
      return failure.status === 404 ? (
        <Notice icon="inbox" title="This is not there">
          {failure.message}
        </Notice>
      ) : (
        <Notice icon="warning" title="The master refused this">
          {failure.message}
        </Notice>
      );
    default:
      return failure.kind satisfies never;
  }
}
