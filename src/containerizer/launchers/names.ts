// The names of launchers, which are Mesos's, as `--launcher` takes them. Only data: flags and their
// help are read without loading a launcher.

/** Each launcher has a name here and its maker in launchers.ts. */
export const LAUNCHER_NAMES = ['posix', 'linux'] as const;
export type LauncherName = (typeof LAUNCHER_NAMES)[number];

/** Launchers of Mesos that do not exist here, and what they would add. */
export const MISSING_LAUNCHERS: Readonly<Record<string, string>> = {
  windows: 'agents run on Linux',
};
