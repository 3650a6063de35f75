// The launchers that there are, by Mesos's names for them, as `--launcher` takes them: data alone,
// so that flags and their help can be read without loading one of them.

/** A launcher is a name here, and its maker in launchers.ts. */
export const LAUNCHER_NAMES = ['posix'] as const;
export type LauncherName = (typeof LAUNCHER_NAMES)[number];

/** Launchers of Mesos that are not there, and what they would add to those that are. */
export const MISSING_LAUNCHERS: Readonly<Record<string, string>> = {
  linux: 'containers have no namespaces of their own',
};
