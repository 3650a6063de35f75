// Which tests are pure: they lie in these folders of test/, and read no clock, start no process and
// open no socket. test/house/projects.test.ts sees to it.
export const PURE_FOLDERS = [
  ...['agent', 'core', 'differential', 'house', 'master', 'model', 'scenario'],
  ...['security', 'simulation', 'wire'],
];

/** Tests that start masters, agents and commands as a user does, or programs of other languages. */
export const PROGRAM_FOLDERS = ['clients', 'e2e', 'embedding'];

export const isPureTest = (path: string): boolean =>
  PURE_FOLDERS.includes(/^test\/([^/]+)\//.exec(path)?.[1] ?? '');
