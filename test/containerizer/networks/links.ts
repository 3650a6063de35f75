// Links between network namespaces that are files.
import { execFileSync } from 'node:child_process';

/** What a program prints that runs in the namespace. */
export const within = (namespace: string, ...argv: string[]): string =>
  execFileSync('nsenter', [`--net=${namespace}`, '--', ...argv], { encoding: 'utf8' });

/** The names of those in the namespace. */
export const links = (namespace: string): string[] =>
  within(namespace, 'ip', '-brief', 'link')
    .trim()
    .split('\n')
    .map((line) => line.split(/[ @]/, 1)[0] ?? '');

/** Makes `here` in one namespace, of which the other end, `there`, is in the other. */
export const connect = (one: string, other: string): string =>
  within(one, 'ip', 'link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there', 'netns', other);
