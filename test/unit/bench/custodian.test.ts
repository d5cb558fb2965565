import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { custodianOffenders, portcullisOffenders } from '../../../bench/custodian/offenders.ts';
import { type Command, peakMemory, timed } from '../../../bench/custodian/process-tree.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'custodian-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function result(place: string, groups: readonly string[]): Promise<void> {
  const file = join(directory, place, 'open/resources.json');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(groups.map((GroupId) => ({ GroupId }))));
}

const cells = [
  { accountId: '111111111111', name: 'shop', region: 'eu-west-1' },
  { accountId: '222222222222', name: 'pay', region: 'eu-west-1' },
];

test('the groups in the output of c7n-org have their account and Region', async () => {
  await result('shop/eu-west-1', ['sg-1', 'sg-2']);
  await result('pay/eu-west-1', []);
  expect(await custodianOffenders(directory, 'open', cells)).toEqual(
    new Set(['111111111111/eu-west-1/sg-1', '111111111111/eu-west-1/sg-2']),
  );
});

test('a cell without a result, and an account that was not asked for, are no comparison', async () => {
  await result('shop/eu-west-1', []);
  await expect(custodianOffenders(directory, 'open', cells)).rejects.toThrow('pay/eu-west-1');
  await expect(custodianOffenders(directory, 'open', cells.slice(0, 1))).resolves.toEqual(new Set());
  await result('another/eu-west-1', []);
  await expect(custodianOffenders(directory, 'open', cells.slice(0, 1))).rejects.toThrow('2 accounts, not 1');
});

test('a group that only a prefix list opens is apart', async () => {
  const file = join(directory, 'findings.jsonl');
  const at = { type: 'finding', accountId: '111111111111', region: 'eu-west-1' };
  const write = (lines: readonly object[]) =>
    writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const lines = [
    { ...at, groupId: 'sg-1', source: '0.0.0.0/0' },
    { ...at, groupId: 'sg-1', source: 'pl-1' },
    { ...at, groupId: 'sg-2', source: 'pl-1' },
    { ...at, type: 'undecided', groupId: 'sg-3' },
  ];
  await write([...lines, { type: 'summary', counts: { notChecked: 0 } }]);
  expect(await portcullisOffenders(file)).toEqual({
    direct: new Set(['111111111111/eu-west-1/sg-1']),
    throughList: new Set(['111111111111/eu-west-1/sg-2']),
  });
  await write([...lines, { type: 'summary', counts: { notChecked: 1 } }]);
  await expect(portcullisOffenders(file)).rejects.toThrow('did not check every cell');
  await write(lines);
  await expect(portcullisOffenders(file)).rejects.toThrow('did not end');
});

const node = (script: string): Command => ({
  ...{ program: process.execPath, args: ['-e', script], env: {}, directory, expected: [0] },
});

test.skipIf(process.platform !== 'linux')('the memory of a command includes its descendants', async () => {
  const idle = await peakMemory(node('setTimeout(() => undefined, 500)'));
  const child = `const held = Buffer.alloc(100 * 2 ** 20, 1); setTimeout(() => held[0], 500)`;
  const parent = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}])`;
  expect(await peakMemory(node(parent))).toBeGreaterThan(idle + 100);
});

test('a command that ends with an unexpected code has its words in the error', async () => {
  await expect(timed(node('console.error("no such account"); process.exitCode = 7'))).rejects.toThrow(
    /ended with 7:\nno such account/,
  );
});
