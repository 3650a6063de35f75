// Copies a text, such as an id, and says so.
import { useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

/** How long it says so. */
const SAID_MS = 1500;

export function CopyButton({ text, what }: { text: string; what: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    window.setTimeout(() => setCopied(false), SAID_MS);
  };
  const label = isCopied ? 'Copied' : `Copy ${what}`;
  return (
    <button type="button" class="button-icon button-copy" title={label} onClick={copy}>
      <Icon name={isCopied ? 'check' : 'copy'} size={14} />
      <span class="unseen" aria-live="polite">
        {label}
      </span>
    </button>
  );
}

/** Pages without TLS have no clipboard, but for what is selected. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'unseen';
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}
