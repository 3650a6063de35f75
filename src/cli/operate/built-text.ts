// Who has built a master or agent, and when. Those of Mesoscale have the version of the Mesos that
// they speak as, so that only this tells them from others.
import type { VersionInfo } from '../../model/generated/messages.ts';

/** ` (built 2026-11-30 12:00:05 by mesoscale)`; empty where neither is told. */
export function builtText({ build_date, build_user }: Omit<VersionInfo, 'version'>): string {
  const built = [
    ...(build_date === undefined ? [] : [build_date]),
    ...(build_user === undefined ? [] : [`by ${build_user}`]),
  ].join(' ');
  return built === '' ? '' : ` (built ${built})`;
}
