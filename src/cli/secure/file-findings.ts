// What is open in the folder of a closed cluster: who can read its files, and what they allow.
import { X509Certificate } from 'node:crypto';
import { existsSync, type Stats } from 'node:fs';
import { lstat, opendir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCredentials } from '../process/credentials.ts';
import { parseLists } from './access-lists.ts';
import type { Finding } from './finding.ts';
import { type Layout, layoutOf, principalFiles } from './layout.ts';
import { SecureError } from './secure-error.ts';

/** Beyond them it is some other folder. */
const MOST_FILES = 10_000;
const DAY_MS = 24 * 3_600_000;
/** A certificate that expires sooner is told of. */
const SOON_MS = 30 * DAY_MS;

/** Rejects with SecureError and the system's errors. */
export async function fileFindings(dir: string): Promise<readonly Finding[]> {
  const { authority, acls } = layoutOf(dir);
  if (![authority.certificate, acls].some((path) => existsSync(path))) {
    throw new SecureError(
      `${dir} has no ${authority.certificate}: expected a folder of secure init`,
    );
  }
  const findings: Finding[] = [...credentialFindings(layoutOf(dir))];
  for (const path of [dir, ...(await pathsIn(dir))]) {
    const status = await lstat(path);
    // What a link leads to has a mode of its own.
    if (!status.isSymbolicLink()) {
      findings.push(...accessFindings(path, status, allowedTo(path, dir)));
    }
    if (status.isFile()) {
      findings.push(...(await contentFindings(path, layoutOf(dir))));
    }
  }
  return findings;
}

/** In the order of their names. Rejects with SecureError. */
async function pathsIn(dir: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const { name, parentPath } of await opendir(dir, { recursive: true })) {
    if (paths.length === MOST_FILES) {
      throw new SecureError(`${dir} has more than ${MOST_FILES} files: it was not made by init`);
    }
    paths.push(join(parentPath, name));
  }
  return paths.toSorted();
}

async function contentFindings(path: string, { acls }: Layout): Promise<readonly Finding[]> {
  if (path === acls) {
    return listFindings(path, await readFile(path, 'utf8'));
  }
  return path.endsWith('.pem') && !path.endsWith('key.pem')
    ? expiryFindings(path, await readFile(path))
    : [];
}

/** What others may do: read what is for executors, and go there. */
function allowedTo(path: string, dir: string): number {
  const { executors } = layoutOf(dir);
  if (path === dir) {
    return 0o011;
  }
  return path === executors || path.startsWith(`${executors}/`) ? 0o055 : 0;
}

/** Secrets that two principals have, and those of agents which open more than they are for. */
function credentialFindings(layout: Layout): readonly Finding[] {
  const files = [layout.credentials, layout.httpCredentials].filter((path) => existsSync(path));
  return files.flatMap((place) => {
    const { credentials } = readCredentials('dir', place, {});
    const owners = new Map<string, string>();
    return credentials.flatMap(({ principal, secret }) => {
      const other = owners.get(secret);
      owners.set(secret, other ?? principal);
      const findings: Finding[] = [];
      if (other !== undefined && other !== principal) {
        findings.push({
          place,
          what: `${principal} has the secret of ${other}`,
          remedy: `secure remove ${principal}, and secure add it again.`,
        });
      }
      if (place === layout.httpCredentials && isAgents(layout, principal)) {
        findings.push({
          place,
          what: `${principal}, whose secret is on agents to register them, also calls agents`,
          remedy: `Take it out of this file, and secure add another principal for such calls.`,
        });
      }
      return findings;
    });
  });
}

const isAgents = (layout: Layout, principal: string): boolean => {
  const folder = layout.principal(principal);
  return existsSync(folder) && !existsSync(principalFiles(folder).secret);
};

function accessFindings(path: string, { mode, uid }: Stats, allowed: number): readonly Finding[] {
  const findings: Finding[] = [];
  if ((mode & 0o077 & ~allowed) !== 0) {
    findings.push({
      place: path,
      what: `others than its user may use it (mode ${octal(mode)})`,
      remedy: `chmod ${allowed === 0 ? 'go=' : allowed === 0o011 ? 'go=x' : 'go=rX'} ${path}`,
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

function expiryFindings(path: string, content: Buffer): readonly Finding[] {
  const expires = expiryOf(content);
  if (expires !== undefined && expires.getTime() - Date.now() > SOON_MS) {
    return [];
  }
  return [
    {
      place: path,
      what:
        expires === undefined
          ? 'it is no certificate'
          : `the certificate expires at ${expires.toISOString()}`,
      remedy:
        'Make another with secure renew; of authorities docs/secure.md tells (Exchanging secrets).',
    },
  ];
}

/** Undefined where it is no certificate. */
function expiryOf(content: Buffer): Date | undefined {
  try {
    return new X509Certificate(content).validToDate;
  } catch {
    return undefined;
  }
}

/** Throws SecureError. */
function listFindings(path: string, text: string): readonly Finding[] {
  return parseLists(path, text).permissive === false
    ? []
    : [
        {
          place: path,
          what: 'what no rule is about is allowed',
          remedy: 'Set "permissive": false in it.',
        },
      ];
}
