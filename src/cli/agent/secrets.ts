// Reads --secret_resolver: where secrets are that tasks name by reference.
import { SecretFiles } from '../../containerizer/secrets/secret-files.ts';
import type { SecretResolver } from '../../containerizer/secrets/secret-resolver.ts';
import { FlagError } from '../flags/faults.ts';

const FILES = 'file:';

/** Undefined without a value. Rejects with FlagError. */
export async function secretResolver(
  value: string | undefined,
): Promise<SecretResolver | undefined> {
  if (value === undefined) {
    return undefined;
  }
  const folder = value.startsWith(FILES) ? value.slice(FILES.length) : '';
  if (!folder.startsWith('/')) {
    throw new FlagError(
      `--secret_resolver expects file:/FOLDER, a folder of secrets, got '${value}' (there are no modules)`,
    );
  }
  const files = new SecretFiles(folder);
  const objection = await files.objection();
  if (objection !== undefined) {
    throw new FlagError(`--secret_resolver: ${folder} cannot be used: ${objection}`);
  }
  return files;
}
