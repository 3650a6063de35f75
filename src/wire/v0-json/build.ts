// How masters and agents were built, as /state of both begins.
import type { VersionInfo } from '../../model/generated/messages.ts';
import type { Json } from './writing.ts';

/** Where the sources came from is not known of every build. */
export function buildJson(build: VersionInfo): Json {
  const { version, git_sha, git_branch, git_tag, build_date, build_time, build_user } = build;
  return {
    version,
    ...(git_sha !== undefined && { git_sha }),
    ...(git_branch !== undefined && { git_branch }),
    ...(git_tag !== undefined && { git_tag }),
    build_date: build_date ?? '',
    build_time: build_time ?? 0,
    build_user: build_user ?? '',
  };
}
