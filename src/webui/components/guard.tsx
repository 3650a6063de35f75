// Keeps a fault of ours in one view from taking the rest of the page with it.
import { Component, type ComponentChildren } from 'preact';
import { Failed } from './notices.tsx';

interface GuardProps {
  readonly children: ComponentChildren;
}

/** Shows what is within, or why that cannot be shown. Another key is another try. */
export class Guard extends Component<GuardProps, { readonly failure?: unknown }> {
  static override getDerivedStateFromError(failure: unknown) {
    return { failure };
  }

  override render({ children }: GuardProps, { failure }: { readonly failure?: unknown }) {
    return failure === undefined ? children : <Failed failure={failure} />;
  }
}
