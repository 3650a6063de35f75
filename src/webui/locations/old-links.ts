// Links of Mesos's own page, as people have them in bookmarks and tickets, lead to what shows the
// same here.
import { href, type Location, matchPath } from './location.ts';

type Names = Readonly<Record<string, string>>;

const tasksOf = ({ agent, framework, executor }: Names) =>
  href(['tasks'], { agent, framework, executor });
const filesOf = ({ agent = '' }: Names, { query }: Location) =>
  href(['agents', agent, 'files'], { path: query.path });

const OF_AGENT: Readonly<Record<string, (names: Names, location: Location) => string>> = {
  ':agent/browse': filesOf,
  ':agent/frameworks/:framework': tasksOf,
  ':agent/frameworks/:framework/executors/:executor': tasksOf,
  ':agent/frameworks/:framework/executors/:executor/browse': filesOf,
  ':agent/frameworks/:framework/executors/:executor/tasks/:task/browse': ({
    framework = '',
    task = '',
  }) => href(['tasks', framework, task, 'files']),
};

/** The hash of the page that has taken the place of an old one; undefined for pages of ours. */
export function newLinkOf(location: Location): string | undefined {
  const [first = '', ...rest] = location.path;
  const isOldWord = first === 'slaves';
  if (first === 'home') {
    return href([]);
  }
  if (first !== 'agents' && !isOldWord) {
    return undefined;
  }
  for (const [pattern, link] of Object.entries(OF_AGENT)) {
    const names = matchPath(pattern, rest);
    if (names !== undefined) {
      return link(names, location);
    }
  }
  return isOldWord ? href(['agents', ...rest], location.query) : undefined;
}
