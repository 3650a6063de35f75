// The build of a master or agent, with which /state of both begins.
import type { VersionInfo } from '../../model/generated/messages.ts';
import type { Json } from './writing.ts';

/** Not every build knows where its sources came from. */
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
