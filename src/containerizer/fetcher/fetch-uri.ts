// What a URI to be fetched names: a file of this machine or a download, and a file in the sandbox.
//
// Mesos treats a URI as a path: `?`, `#` and `%` are plain characters of its name. `output_file` is
// for those who want another one.
import { posix } from 'node:path';
import { ContainerizerError } from '../containerizer-error.ts';

/** Where in the sandbox a file goes, relative to it; throws for one that would leave it. */
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

/** What is behind the last slash; of a local path, its last component. */
function nameOf(uri: string): string {
  const scheme = uri.indexOf('://');
  if (scheme <= 1) {
    return uri === '' ? '.' : posix.basename(uri) || '/';
  }
  const path = uri.slice(scheme + 3);
  return path.includes('/') ? path.slice(path.lastIndexOf('/') + 1) : '';
}

/**
 * The path that a URI names on this machine, relative ones below `home`; undefined for one that
 * must be downloaded.
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
 * A URI as messages may show it: in one line, and without the user and the password that it may
 * hold. A password may have any character in it: where there is one, all up to the last `@` is left
 * out.
 */
export function presentable(uri: string): string {
  const plain = uri.replaceAll(/\p{Cc}/gu, '\u{fffd}');
  const [all, start = '', hidden = ''] =
    /^(\s*(?:[a-z][a-z\d+.-]*:|\/)\/*)(.*)@/i.exec(plain) ?? [];
  if (all === undefined || /^\s*\/(?!\/)/.test(start)) {
    return plain;
  }
  // What cannot be read does not tell where its password ends either.
  const isUnclear = hidden.includes(':') || (/^\s*https?:/i.test(uri) && !URL.canParse(uri));
  return isUnclear
    ? start + plain.slice(all.length)
    : start + plain.slice(start.length).replace(/^[^/?#]*@/, '');
}
