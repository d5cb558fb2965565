// node docs/write-quotas.ts [--check]: writes the table of docs/quotas.md from the quotas that the control plane keeps
// to; --check only says whether it is stale.
import { readFile, writeFile } from 'node:fs/promises';
import { anyOther, quotas } from '../controlplane/aws/quotas.ts';

const file = new URL('./quotas.md', import.meta.url);
const [begin, end] = ['<!-- quotas -->', '<!-- /quotas -->'];

const scopes = { organization: 'the organization', account: 'an account and Region' };
const rows = [...quotas, { ...anyOther, service: 'any other' }].map(
  ({ service, named, scope, each, rate, burst, source }) =>
    `| ${service} | ${named} | ${scopes[scope]}${each ? ', each operation' : ''} | ${rate} | ${burst} | ${source} |`,
);
const table = [
  '| service | operations | a bucket for | a second | at once | source |',
  '|---|---|---|---|---|---|',
  ...rows,
].join('\n');

const page = await readFile(file, 'utf8');
const [before, rest = ''] = page.split(begin);
const after = rest.split(end)[1];
if (after === undefined) throw new Error(`docs/quotas.md lacks ${begin} or ${end}`);
const next = `${before}${begin}\n${table}\n${end}${after}`;
if (!process.argv.includes('--check')) await writeFile(file, next);
else if (next !== page) {
  console.error('docs/quotas.md is stale: run node docs/write-quotas.ts');
  process.exitCode = 1;
}
