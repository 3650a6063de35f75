// Opens the launcher that an agent is configured with.
import type { Launcher } from './launcher.ts';
import type { LauncherName } from './names.ts';
import { ProcessLauncher, type ProcessLauncherOptions } from './process/process-launcher.ts';

/** The objects that launchers share with the containerizer. */
export type LauncherParts = ProcessLauncherOptions;

const MAKERS: Readonly<Record<LauncherName, (parts: LauncherParts) => Promise<Launcher>>> = {
  posix: (parts) => ProcessLauncher.open(parts),
};

/** Rejects with ContainerizerError. */
export const openLauncher = (name: LauncherName, parts: LauncherParts): Promise<Launcher> =>
  MAKERS[name](parts);
