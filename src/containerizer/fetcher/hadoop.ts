// The client of Hadoop, which brings files of all schemes that nothing else here knows: hdfs, hftp,
// s3, s3n, and whatever it is configured for.
import { join } from 'node:path';

export interface HadoopClient {
  /** A path, or a name to be found in `PATH` of the environment. */
  readonly program: string;
  /** For files of a task the client runs as its user, who can read these; for images as agent. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The variables of the agent that the client needs to find itself, Java and its configuration. */
const NEEDED = /^(PATH|JAVA_HOME|HADOOP_.*)$/;

/**
 * The client that Mesos would use: that of `home` (--hadoop_home), else of HADOOP_HOME, else the
 * program `hadoop`.
 */
export function hadoopClient(home: string | undefined, agent: NodeJS.ProcessEnv): HadoopClient {
  const folder = home || agent.HADOOP_HOME || undefined;
  const needed = Object.entries(agent).flatMap(([name, value]) =>
    NEEDED.test(name) && value !== undefined ? [[name, value] as const] : [],
  );
  return {
    program: folder === undefined ? 'hadoop' : join(folder, 'bin', 'hadoop'),
    environment: {
      ...Object.fromEntries(needed),
      ...(folder !== undefined && { HADOOP_HOME: folder }),
    },
  };
}

/** Copies a file or folder to a path of this machine at which there is nothing. */
export const hadoopCopy = (
  { program }: HadoopClient,
  uri: string,
  to: string,
): readonly [program: string, ...parameters: string[]] => [program, 'fs', '-copyToLocal', uri, to];
