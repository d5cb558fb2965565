// node bench/cost.ts [--check]: writes the tables of docs/cost.md; with --check it only says whether they are stale.
import { readFile, writeFile } from 'node:fs/promises';
import { rendered } from './cost/document.ts';

const page = new URL('../docs/cost.md', import.meta.url);
const now = await readFile(page, 'utf8');
const made = rendered(now);
if (!process.argv.includes('--check')) {
  await writeFile(page, made);
} else if (made !== now) {
  console.error('docs/cost.md is stale: run node bench/cost.ts');
  process.exitCode = 1;
}
