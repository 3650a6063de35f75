// How files are fetched for tasks, by the agent's flags and environment.
import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Proxies } from '../../containerizer/downloads/http-answer.ts';
import type { CacheSpace, FetchOptions } from '../../containerizer/fetcher/fetcher.ts';
import { type HadoopClient, hadoopClient } from '../../containerizer/fetcher/hadoop.ts';
import { OWN_FOLDERS } from '../../containerizer/work-directory.ts';
import { isWithin } from '../../model/paths.ts';
import { FlagError } from '../flags/parse.ts';
import type { AgentFlagValues } from './options.ts';

/** `workDir` is the agent's folder. Throws FlagError. */
export function fetchOptions(
  values: AgentFlagValues,
  workDir: string,
  environment: NodeJS.ProcessEnv,
): FetchOptions {
  return {
    stallMs: values.fetcher_stall_timeout,
    home: values.frameworks_home,
    proxies: proxiesOf(environment),
    hadoop: hadoopOf(values.hadoop_home, environment),
    cache: cacheSpace(values, workDir),
  };
}

/**
 * As curl reads them: HTTP_PROXY in capitals is ignored, for CGI programs get it from clients.
 * Throws FlagError for a proxy that cannot be asked.
 */
export function proxiesOf(environment: NodeJS.ProcessEnv): Proxies {
  const { http_proxy, https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY } = environment;
  const { no_proxy, NO_PROXY } = environment;
  const all = all_proxy ?? ALL_PROXY;
  return {
    http_proxy: proxyOf('http_proxy', http_proxy ?? all),
    https_proxy: proxyOf('https_proxy', https_proxy ?? HTTPS_PROXY ?? all),
    no_proxy: no_proxy ?? NO_PROXY,
  };
}

/** A proxy without a scheme is one of HTTP, as with curl. */
function proxyOf(name: string, text: string | undefined): string | undefined {
  if (text === undefined || text === '') {
    return undefined;
  }
  const uri = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const protocol = URL.parse(uri)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new FlagError(
      `The environment variable ${name} (or all_proxy) expects [http[s]://][user:password@]host[:port], ` +
        `got ${protocol === undefined ? 'something else' : `a proxy of ${protocol}//`}`,
    );
  }
  return uri;
}

function hadoopOf(home: string | undefined, environment: NodeJS.ProcessEnv): HadoopClient {
  const client = hadoopClient(home, environment);
  if (home !== undefined) {
    try {
      accessSync(client.program, constants.X_OK);
    } catch (error) {
      throw new FlagError(
        `--hadoop_home expects a folder with the program bin/hadoop, got '${home}': ` +
          (error as Error).message,
      );
    }
  }
  return client;
}

function cacheSpace(values: AgentFlagValues, workDir: string): CacheSpace | undefined {
  const { fetcher_cache_dir: given, fetcher_cache_size: bytes } = values;
  const folder = resolve(given);
  const own = OWN_FOLDERS.map((name) => join(workDir, name));
  if (folder === workDir || own.some((it) => isWithin(folder, it))) {
    throw new FlagError(
      `--fetcher_cache_dir '${given}' has files of the agent's own (--work_dir '${workDir}'): the ` +
        'cache needs a folder of its own',
    );
  }
  return bytes === 0 ? undefined : { folder, bytes };
}
