// What a pax header says about the entry that follows it: records of the form `LENGTH KEY=VALUE`
// and a newline, where the length is that of all of it.
//
// The oldest form of sparse files repeats two keys, for each part of the file: they become the one
// that the next form has.
import { TarError } from './tar-error.ts';

/**
 * A character for each byte, in texts, keys and values. The last one of a key counts; an empty
 * value takes back what is said elsewhere, and is left out. Throws TarError.
 */
export function paxRecords(text: string): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const space = text.indexOf(' ', at);
    const digits = space < 0 ? '' : text.slice(at, space);
    const end = at + Number(digits);
    const equals = text.indexOf('=', space);
    const isWhole =
      /^\d{1,8}$/.test(digits) && end <= text.length && text[end - 1] === '\n' && equals < end;
    if (!isWhole || equals <= space + 1) {
      throw new TarError('a pax header is damaged');
    }
    const key = text.slice(space + 1, equals);
    const value = text.slice(equals + 1, end - 1);
    if (key === (parts.length % 2 === 0 ? 'GNU.sparse.offset' : 'GNU.sparse.numbytes')) {
      parts.push(value);
    } else if (value === '' && !key.startsWith('SCHILY.xattr.')) {
      records.delete(key);
    } else {
      records.set(key, value);
    }
    at = end;
  }
  if (parts.length > 0) {
    records.set('GNU.sparse.map', parts.join(','));
  }
  return records;
}
