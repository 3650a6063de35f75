// A dialog over the page: the browser's own, which keeps the focus and closes by Escape.
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';
import { place } from './place.tsx';

interface DialogProps {
  readonly title: string;
  /** Where it has more than a few fields. */
  readonly isWide?: boolean;
  /** Where what is in it comes and goes, it stays at the top. */
  readonly isHigh?: boolean;
  /** Where it is not about the view that it was opened over. */
  readonly isOfAll?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Open as long as it is part of the page. */
export function Dialog({
  title,
  isWide = false,
  isHigh = false,
  isOfAll = false,
  onClose,
  children,
}: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Before anything else is typed.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  // What it is about is not there any more when the way back leads to another view.
  useEffect(() => {
    const opened = place.peek().path.join('/');
    return place.subscribe(({ path }) => {
      if (!isOfAll && path.join('/') !== opened) {
        dialog.current?.close();
      }
    });
  }, [isOfAll]);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      data-wide={isWide}
      data-high={isHigh}
      aria-labelledby={heading}
      onClose={onClose}
    >
      <header class="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button
          type="button"
          class="button-icon"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}
