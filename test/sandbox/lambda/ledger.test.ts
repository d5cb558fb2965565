import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Ledger } from '../../../lambda/ledger/ledger.ts';
import { tableExpiry, tableKey, tableLedger } from '../../../lambda/ledger/table.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { memoryLedger } from '../../worlds/memory-cloud.ts';
import { createTable, hub } from './iam-hub.ts';

const TableName = 'ledger';
const later = new Date(Date.now() + 3_600_000);
let sandbox: Sandbox;
let client: DynamoDBClient;
let ledger: Ledger;

beforeAll(async () => {
  sandbox = await startSandbox({ seed: false });
  const settings = sandbox.root(hub.accountId, hub.region);
  client = new DynamoDBClient(settings);
  await createTable(sandbox, TableName);
  vi.stubEnv('AWS_ENDPOINT_URL', sandbox.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', settings.credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', settings.credentials.secretAccessKey);
  ledger = tableLedger(hub.region, TableName);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await sandbox?.stop();
});

const twenty = Array.from({ length: 20 }, (_, nth) => `member ${nth}`);

describe('a set in the table', () => {
  it('loses none of twenty additions at once, and each answer has its own', async () => {
    const answers = await Promise.all(twenty.map((member) => ledger.add('many', ['all', member], later)));
    expect(answers.map((answer, nth) => answer.includes(`member ${nth}`))).toEqual(twenty.map(() => true));
    expect((await ledger.members('many')).sort()).toEqual(['all', ...twenty].sort());
  });

  it('loses nothing of additions and removals at once', async () => {
    await ledger.add('busy', twenty, later);
    await Promise.all(
      twenty.map((member, nth) =>
        nth % 2 === 0 ? ledger.remove('busy', [member]) : ledger.add('busy', [`${member} again`], later),
      ),
    );
    const kept = twenty.flatMap((member, nth) => (nth % 2 === 0 ? [] : [member, `${member} again`]));
    expect((await ledger.members('busy')).sort()).toEqual(kept.sort());
  });

  it('can be emptied, then emptied again, and filled again', async () => {
    await ledger.add('brief', ['a'], later);
    await ledger.remove('brief', ['a']);
    await ledger.remove('brief', ['a']);
    expect(await ledger.members('brief')).toEqual([]);
    expect(await ledger.add('brief', ['b'], later)).toEqual(['b']);
  });

  it('has room for the thousand closings that are kept of a group', async () => {
    const closing = (nth: number) => `${Date.now()}|sgr-${'0'.repeat(17)}|tcp ${nth} ${nth} 2001:db8::/32`;
    const closings = Array.from({ length: 1_000 }, (_, nth) => closing(nth));
    await ledger.add('closed', closings, later);
    expect((await ledger.members('closed')).sort()).toEqual(closings.sort());
  });
});

describe('an entry of the table', () => {
  it.each<[string, (key: string, until: Date) => Promise<unknown>]>([
    ['text', (key, until) => ledger.write(key, 'text', until)],
    ['first text', (key, until) => ledger.writeOnce(key, 'text', until)],
    ['set', (key, until) => ledger.add(key, ['a'], until)],
    ['counter', (key, until) => ledger.count(key, until)],
  ])(
    'that is a %s ends by the last time it was given, in whole seconds and never early',
    async (kind, put) => {
      await put(`end of ${kind}`, new Date('2030-01-01T00:00:00.000Z'));
      const second = new Date('2030-01-01T00:00:10.001Z');
      const stays = (await put(`end of ${kind}`, second)) === false;
      const { Item } = await client.send(
        new GetItemCommand({ TableName, Key: { [tableKey]: { S: `end of ${kind}` } } }),
      );
      const end = stays ? 1_893_456_000 : 1_893_456_011;
      expect(Item?.[tableExpiry]).toEqual({ N: String(end) });
    },
  );

  it('may be an empty text', async () => {
    await ledger.write('empty', '', later);
    expect(await ledger.read('empty')).toBe('');
    expect(await ledger.writeOnce('empty', 'x', later)).toBe(false);
  });
});

const key = fc.constantFrom('one', 'two', 'a/b|c', 'ключ');
const some = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd|e', ' '), { minLength: 1 });
const sorted = async (members: Promise<string[]>) => (await members).sort();
const acts: ((on: Ledger, name: string, text: string, members: string[]) => Promise<unknown>)[] = [
  (on, name) => on.read(`text/${name}`),
  (on, name, text) => on.write(`text/${name}`, text, later),
  (on, name, text) => on.writeOnce(`text/${name}`, text, later),
  (on, name) => sorted(on.members(`set/${name}`)),
  (on, name, _, members) => sorted(on.add(`set/${name}`, members, later)),
  (on, name, _, members) => on.remove(`set/${name}`, members),
  (on, name) => on.count(`count/${name}`, later),
];
const step = fc.tuple(fc.constantFrom(...acts), key, fc.string(), some);

it('the ledger in memory, which the other tests use, answers as the table does', async () => {
  let nth = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      nth += 1;
      const memory = memoryLedger(() => new Date());
      for (const [act, name, ...values] of steps) {
        const own = `${nth}/${name}`;
        expect(await act(ledger, own, ...values)).toEqual(await act(memory, own, ...values));
      }
    }),
    { numRuns: 40 },
  );
});
