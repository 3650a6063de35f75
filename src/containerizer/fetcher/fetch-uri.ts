// The meaning of a URI to be fetched: a file of this machine or a download, and the file that it
// becomes in the sandbox.
//
// Mesos treats a URI as a path: `?`, `#` and `%` are plain characters of its name, and
// `output_file` gives it another name.
import { posix } from 'node:path';
import { ContainerizerError } from '../containerizer-error.ts';

/**
 * The path of the fetched file, relative to the sandbox; throws for a path that leaves the sandbox.
 */
export function outputFile(uri: string, chosen: string | undefined): string {
  if (/[\\'\0]/.test(uri)) {
    throw new ContainerizerError('Illegal characters in URI');
  }
  if (chosen === undefined) {
    const name = nameOf(uri);
    const isMissing = name.trim() === '' || name === '..' || name === '/';
    if (isMissing || (name === '.' && uri !== '')) {
      throw new ContainerizerError(`Malformed URI (missing path): ${presentable(uri)}`);
    }
    return name;
  }
  if (chosen === '') {
    throw new ContainerizerError('URI output file path is empty');
  }
  if (chosen.includes('\0')) {
    throw new ContainerizerError('Illegal characters in URI output file');
  }
  if (chosen.startsWith('/') || chosen.split('/').includes('..')) {
    throw new ContainerizerError('URI output file must be within the sandbox directory');
  }
  return chosen;
}

/** The last component of the URI or path. */
function nameOf(uri: string): string {
  const scheme = uri.indexOf('://');
  if (scheme <= 1) {
    return uri === '' ? '.' : posix.basename(uri) || '/';
  }
  const path = uri.slice(scheme + 3);
  return path.includes('/') ? path.slice(path.lastIndexOf('/') + 1) : '';
}

/**
 * The path of a URI that names a file of this machine, relative ones below `home`; undefined for a
 * URI that must be downloaded.
 */
export function localPath(uri: string, home: string): string | undefined {
  const isFile = /^file:\/\//i.test(uri);
  if (!isFile && uri.includes('://')) {
    return undefined;
  }
  const path = (isFile ? uri.slice('file://'.length) : uri).replace(/^localhost(?=\/)/, '');
  if (path.startsWith('/')) {
    return path;
  }
  if (isFile) {
    throw new ContainerizerError(
      'File URI only supports absolute paths: file:///path, or file://localhost/path',
    );
  }
  if (home === '') {
    throw new ContainerizerError(
      'A relative path was passed for the resource but the Mesos framework home was not specified' +
        ' (--frameworks_home of the agent)',
    );
  }
  return `${home}/${path}`;
}

/**
 * A URI for messages: in one line, and without user and password. A password may contain any
 * character, so if there is one everything up to the last `@` is left out.
 */
export function presentable(uri: string): string {
  const plain = uri.replaceAll(/\p{Cc}/gu, '\u{fffd}');
  const [all, start = '', hidden = ''] =
    /^(\s*(?:[a-z][a-z\d+.-]*:|\/)\/*)(.*)@/i.exec(plain) ?? [];
  if (all === undefined || /^\s*\/(?!\/)/.test(start)) {
    return plain;
  }
  // If the URI cannot be parsed, it is not clear where a password ends.
  const isUnclear = hidden.includes(':') || (/^\s*https?:/i.test(uri) && !URL.canParse(uri));
  return isUnclear
    ? start + plain.slice(all.length)
    : start + plain.slice(start.length).replace(/^[^/?#]*@/, '');
}
