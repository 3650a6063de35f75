// Whose certificates are believed: of those whom the machine trusts, as libcurl does, beside those
// whom Node knows.
import tls from 'node:tls';

let isDone = false;

/**
 * For all connections of this thread. It takes a third of a second the first time, so no thread
 * calls it that others wait for. A Node before 24.5 goes on with those whom it knows.
 */
export function trustMachine(): void {
  if (!isDone) {
    isDone = true;
    const { getCACertificates, setDefaultCACertificates } = tls as Partial<typeof tls>;
    if (getCACertificates !== undefined) {
      const both = [...getCACertificates('default'), ...getCACertificates('system')];
      setDefaultCACertificates?.(both);
    }
  }
}
