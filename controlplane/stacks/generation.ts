import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const version = '0.1.0';

let known: string | undefined;

/** Hash of the Pulumi programs' sources, 16 hexadecimal digits: other sources give another generation. Read once. */
export function programVersion(): string {
  known ??= hashOf(fileURLToPath(new URL('../../programs', import.meta.url)));
  return known;
}

function hashOf(directory: string): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(directory).sort())
    hash.update(file).update(readFileSync(join(directory, file)));
  return hash.digest('hex').slice(0, 16);
}
