// Whose certificates are believed: of those whom the machine trusts, as libcurl does, beside those
// whom Node knows.
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

let isDone = false;

/**
 * For all connections of this thread. It takes a third of a second the first time, so no thread
 * calls it that others wait for.
 */
export function trustMachine(): void {
  if (!isDone) {
    isDone = true;
    setDefaultCACertificates([...getCACertificates('default'), ...getCACertificates('system')]);
  }
}
