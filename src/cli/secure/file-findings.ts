// What is open in the folder of a closed cluster: who can read its files, and what they allow.
import { X509Certificate } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseLists } from './access-lists.ts';
import type { Finding } from './finding.ts';
import { layoutOf } from './layout.ts';
import { SecureError } from './secure-error.ts';

/** Beyond them it is some other folder. */
const MOST_FILES = 10_000;
const DAY_MS = 24 * 3_600_000;
/** A certificate that expires sooner is told of. */
const SOON_MS = 30 * DAY_MS;

/** Rejects with SecureError and the system's errors. */
export async function fileFindings(dir: string): Promise<readonly Finding[]> {
  const entries = await readdir(dir, { recursive: true });
  if (entries.length > MOST_FILES) {
    throw new SecureError(`${dir} has more than ${MOST_FILES} files: it was not made by init`);
  }
  const findings: Finding[] = [];
  for (const path of [dir, ...entries.map((entry) => join(dir, entry)).toSorted()]) {
    findings.push(...(await accessFindings(path)), ...(await expiryFindings(path)));
  }
  return [...findings, ...(await listFindings(layoutOf(dir).acls))];
}

async function accessFindings(path: string): Promise<readonly Finding[]> {
  const { mode, uid } = await lstat(path);
  const findings: Finding[] = [];
  if ((mode & 0o077) !== 0) {
    findings.push({
      place: path,
      what: `others than its user may use it (mode ${octal(mode)})`,
      remedy: `chmod go= ${path}`,
    });
  }
  if (uid !== 0 && uid !== process.geteuid?.()) {
    findings.push({
      place: path,
      what: `it belongs to user ${uid}`,
      remedy: `chown ${process.geteuid?.()} ${path}`,
    });
  }
  return findings;
}

const octal = (mode: number) => (mode & 0o777).toString(8).padStart(4, '0');

async function expiryFindings(path: string): Promise<readonly Finding[]> {
  if (!path.endsWith('.pem') || path.endsWith('key.pem')) {
    return [];
  }
  const { validTo, validToDate } = new X509Certificate(await readFile(path));
  return validToDate.getTime() - Date.now() > SOON_MS
    ? []
    : [
        {
          place: path,
          what: `the certificate expires ${validTo}`,
          remedy: 'Move its folder away, and make another with secure add.',
        },
      ];
}

async function listFindings(path: string): Promise<readonly Finding[]> {
  const { permissive } = parseLists(path, await readFile(path, 'utf8'));
  return permissive === false
    ? []
    : [
        {
          place: path,
          what: 'what no rule is about is allowed',
          remedy: 'Set "permissive": false in it.',
        },
      ];
}
