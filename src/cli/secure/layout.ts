// Where things are in the folder of a closed cluster. Each folder in it goes to one place: that of
// a host to this machine, that of a principal to whoever works as this one.
import { join } from 'node:path';

/** A certificate and its key, as paths. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export const hostFiles = (folder: string) => ({
  environment: join(folder, 'environment'),
  certificate: join(folder, 'certificate.pem'),
  key: join(folder, 'key.pem'),
});

/** Of executors. */
export const executorFiles = (folder: string) => ({
  authority: join(folder, 'authority.pem'),
  certificate: join(folder, 'certificate.pem'),
  key: join(folder, 'key.pem'),
});

export const principalFiles = (folder: string) => ({
  ...hostFiles(folder),
  /** Principal and secret. */
  credential: join(folder, 'credential.json'),
  secret: join(folder, 'secret'),
});

export const layoutOf = (dir: string) => ({
  /** Its certificate is believed by every machine; its key goes nowhere. */
  authority: {
    certificate: join(dir, 'authority.pem'),
    key: join(dir, 'authority', 'key.pem'),
  },
  acls: join(dir, 'acls.json'),
  /** For masters: all principals. */
  credentials: join(dir, 'master', 'credentials.json'),
  masterEnvironment: join(dir, 'master', 'environment'),
  /** For agents: those who may call them. */
  httpCredentials: join(dir, 'agents', 'http_credentials.json'),
  executorKey: join(dir, 'agents', 'executors.key'),
  /** Those of tasks, whatever their user is: all that others than the folder's user can read. */
  executors: join(dir, 'executors'),
  /** What the agent tells executors of these files, as JSON. */
  executorVariables: join(dir, 'agents', 'executor_variables.json'),
  /** The folder of a machine. */
  host: (name: string) => join(dir, 'hosts', name),
  /** The folder of a principal. */
  principal: (name: string) => join(dir, 'principals', name),
});

/** In the order in which they can be made. */
export const FOLDERS = ['authority', 'master', 'agents', 'hosts', 'principals'] as const;

export type Layout = ReturnType<typeof layoutOf>;
