// node docs/write-errors.ts [--check]: writes docs/errors.md from the table of error codes; --check only says whether it
// is stale.
import { readFile, writeFile } from 'node:fs/promises';
import { errorsPage } from '../controlplane/http/errors-page.ts';

const file = new URL('./errors.md', import.meta.url);
if (!process.argv.includes('--check')) await writeFile(file, errorsPage());
else if ((await readFile(file, 'utf8').catch(() => '')) !== errorsPage()) {
  console.error('docs/errors.md is stale: run node docs/write-errors.ts');
  process.exitCode = 1;
}
