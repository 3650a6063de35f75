// The audit log of a process: the file of --audit_log, what is written to it, and where /files
// shows it.
import { RotatedFile } from '../../filesystem/rotated-file.ts';
import { Auditor } from '../../http/server/auditor.ts';
import type { AttachedFiles } from '../../http/server/files.ts';
import type { Carriers } from '../../http/transport/carriers.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Shutdown } from '../../runtime/shutdown.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { FlagError } from '../flags/faults.ts';

const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** How many files are kept besides the one that is written. */
const KEPT = 7;
/** What a client asks for that is refused before its first request. */
const TLS_CALL = 'TLS';
/** What may wait for the disk: some ten thousand lines. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export interface AuditLog {
  readonly auditor: Auditor;
  /** The file, and those before it, as `/master/audit`, `/master/audit.1` … */
  readonly files: AttachedFiles;
  metrics(): Record<string, number>;
}

interface AuditLogOptions {
  readonly authorizer: Authorizer;
  readonly carriers: Carriers;
  /** Where /files shows it. */
  readonly at: string;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
}

/** Undefined without the flag. Throws FlagError where the file cannot be opened. */
export async function openAuditLog(
  path: string | undefined,
  { authorizer, carriers, at, logger, shutdown }: AuditLogOptions,
): Promise<AuditLog | undefined> {
  if (path === undefined) {
    return undefined;
  }
  const file = await open(path, (text) => logger.warn(text));
  const auditor = new Auditor({
    authorizer,
    nowMs: () => systemClock.nowMs(),
    write: (line) => file.add(line),
  });
  carriers.onRefused?.((ip, why, claimed) =>
    auditor.disbelieve({ call: TLS_CALL, why: `authentication: ${why}`, claimed }, ip),
  );
  process.on('SIGHUP', () => file.reopen());
  shutdown.add('audit log', () => {
    auditor.close();
    return file.close();
  });
  const attached = () =>
    new Map(file.paths.map((path, age) => [age === 0 ? at : `${at}.${age}`, path] as const));
  return {
    auditor,
    files: {
      get: (virtual) => attached().get(virtual),
      [Symbol.iterator]: () => attached().entries(),
    },
    metrics: () => ({
      'audit_log/written': file.counts.written,
      'audit_log/dropped': file.counts.dropped,
    }),
  };
}

async function open(path: string, tellTrouble: (text: string) => void): Promise<RotatedFile> {
  try {
    return await RotatedFile.open({
      path,
      maxFileBytes: MAX_FILE_BYTES,
      kept: KEPT,
      maxWaitingBytes: MAX_WAITING_BYTES,
      tellDropped: (lines) => JSON.stringify({ time: new Date().toISOString(), dropped: lines }),
      tellTrouble,
    });
  } catch (error) {
    throw new FlagError(`--audit_log: ${path} cannot be opened: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
