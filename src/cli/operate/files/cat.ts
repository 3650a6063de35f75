// `… files cat`: a file as it is.
import { CommandError, EXIT } from '../outcome.ts';
import { downloadOf, type FilePlace } from './file-server.ts';
import { writerTo } from './output.ts';

export async function printFile({ server, path, of }: FilePlace, isRaw: boolean): Promise<void> {
  const write = writerTo(process.stdout, isRaw);
  const body = await server.stream(downloadOf(path));
  try {
    for await (const bytes of body) {
      await write(bytes);
    }
  } catch (error) {
    throw new CommandError(
      EXIT.unreachable,
      `${of}: the connection broke off, and some of the file is missing (${(error as Error).message})`,
    );
  }
}
