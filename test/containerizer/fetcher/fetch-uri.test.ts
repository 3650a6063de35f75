import { describe, expect, test } from 'vitest';
import {
  localPath,
  outputFile,
  presentable,
} from '../../../src/containerizer/fetcher/fetch-uri.ts';

describe('names', () => {
  test.each([
    ['http://host/a/b.tgz', 'b.tgz'],
    ['http://host/a/b?c=/d#e', 'd#e'],
    ['http://host/get?file=/x/y.txt', 'y.txt'],
    ['http://host/app.tgz?op=OPEN', 'app.tgz?op=OPEN'],
    ['http://host/a%20b', 'a%20b'],
    ['http://host//b', 'b'],
    ['/a/b/', 'b'],
    ['a', 'a'],
    ['', '.'],
    ['hdfs://h/x', 'x'],
    ['file://localhost/x#y', 'x#y'],
  ])('of %s: %s', (uri, name) => {
    expect(outputFile(uri, undefined)).toBe(name);
  });

  test.each([
    ['http://host', undefined, /missing path/],
    ['http://host/', undefined, /missing path/],
    ['http://me:topsecret@host/', undefined, /http:\/\/host\//],
    ['/a/..', undefined, /missing path/],
    [' ', undefined, /Malformed URI/],
    ['http://host/.', undefined, /Malformed URI/],
    ['http://host/ ', undefined, /Malformed URI/],
    ['.', undefined, /Malformed URI/],
    ['/', undefined, /missing path/],
    ['/a\\b', undefined, /Illegal characters/],
    ["/a'b", undefined, /Illegal characters/],
    ['/a', '', /is empty/],
    ['/a', '/etc/passwd', /within the sandbox/],
    ['/a', 'x/../../y', /within the sandbox/],
  ])('%s as %s is refused', (uri, chosen, message) => {
    expect(() => outputFile(uri, chosen)).toThrow(message);
  });

  test.each([
    ['/a', '/a'],
    ['a/b', '/home/a/b'],
    ['file:///a%20b', '/a%20b'],
    ['FILE:///a', '/a'],
    ['file://localhost/a', '/a'],
    ['/a/http://b', undefined],
    ['http://host/a', undefined],
  ])('%s lies at %s', (uri, path) => {
    expect(localPath(uri, '/home')).toBe(path);
  });

  test('a file of another host is refused', () => {
    expect(() => localPath('file://host/a', '/home')).toThrow(/only supports absolute paths/);
    expect(() => localPath('a', '')).toThrow(/frameworks_home/);
  });

  test.each([
    ['http://me:topsecret@host/a', 'http://host/a'],
    ['http://me@topsecret@host/a', 'http://host/a'],
    ['  https://topsecret@host', '  https://host'],
    ['http:///me:topsecret@host/a', 'http:///host/a'],
    ['http://me:top/secret@host/a', 'http://host/a'],
    ['ftp://me:topsecret@host/a', 'ftp://host/a'],
    ['https://host/@scope/a?b=c@d', 'https://host/@scope/a?b=c@d'],
    ['http:me:topsecret@host/a', 'http:host/a'],
    ['http:/me:topsecret@host/a', 'http:/host/a'],
    ['http://me:12/secret@host/a', 'http://host/a'],
    ['http://me:top@secret/x@host/a', 'http://host/a'],
    ['//me:topsecret@host/a', '//host/a'],
    ['s3n://KEY:SEC/RET@bucket/a', 's3n://bucket/a'],
    ['S3A:KEY:SEC?RET@bucket/a', 'S3A:bucket/a'],
    ['me:topsecret@host/a', 'me:host/a'],
    ['http://host:80/a', 'http://host:80/a'],
    ['/a@b', '/a@b'],
    ['/a\nFinished', '/a\ufffdFinished'],
    ['http://me:top\nsecret@host/a', 'http://host/a'],
  ])('%s is shown as %s', (uri, shown) => {
    expect(presentable(uri)).toBe(shown);
  });
});
