import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Lease } from '../../../../controlplane/queue/leases.ts';
import { planRestore } from '../../../../controlplane/remediations/restore/plan.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { NewRestore } from '../../../../controlplane/store/restores.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { asHolder } from '../../../worlds/lease-sample.ts';
import { finding, remediation } from '../../../worlds/remediation-sample.ts';

const words = { owner: 'web', why: 'a partner', ticket: 'SEC-7', permanent: true } as const;
const conflict = { code: 'conflict' };

let database: Database;
let store: Store;
let eventId: string;
test.beforeEach(async ({ database: given, store: opened }) => {
  database = given;
  store = opened;
  eventId = randomUUID();
  await store.remediations.append(
    remediation({ eventId, findings: [finding({ ruleId: 'sgr-1' }), finding({ ruleId: 'sgr-2' })] }),
  );
}, 60_000);

const under = <T>(id: string, work: (lease: Lease) => Promise<T>) =>
  asHolder(database, `restore:${id}`, work);
/** A restore of that remediation, not recorded yet. */
const planned = async (...rules: string[]): Promise<NewRestore> => {
  const [found] = await store.remediations.ofEvent(eventId);
  if (!found) throw new Error('no remediation');
  const asked = { id: randomUUID(), by: 'ops', at: new Date() };
  return planRestore(found, { ...words, ...(rules.length > 0 && { rules }) }, asked);
};
const recorded = async (...rules: string[]) => {
  const restore = await planned(...rules);
  await store.restores.create(restore);
  return restore;
};
/** The audit lines that came since the mark, oldest first. */
const audited = async (mark: bigint) =>
  (await store.audit.list(100)).filter(({ id }) => BigInt(id) > mark).reverse();
const mark = async () => BigInt((await store.audit.list(1))[0]?.id ?? 0);

test('a transaction that throws leaves nothing behind, and the connection is good for more', async () => {
  const failing = database.transaction(async (query) => {
    await query(`insert into audit (at, who, what, details) values (now(), 'x', 'half done', '{}')`);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  const broken = database.transaction((query) => query('select nonsense'));
  await expect(broken).rejects.toThrow('nonsense');
  expect((await store.audit.list(100)).filter(({ what }) => String(what) === 'half done')).toEqual([]);
  expect(await database.transaction((query) => query('select 1 as one'))).toEqual([{ one: 1 }]);
});

test('a remediation is found by its event, under the id that restores it', async () => {
  await store.remediations.append(remediation({ eventId, groupId: null }));
  const ids = (await store.remediations.ofEvent(eventId)).map(({ id }) => id);
  expect(ids).toEqual([`${eventId}:`, `${eventId}:sg-0a1b2c3d4e5f60001`]);
  expect(await store.remediations.ofEvent(randomUUID())).toEqual([]);
});

test('a restore is recorded with its one exception and audit lines', async () => {
  const before = await mark();
  const restore = await recorded();
  expect(await store.restores.get(restore.id)).toMatchObject({
    ...{ id: restore.id, eventId, state: 'pending', reason: null, requestedBy: 'ops', finishedAt: null },
    rules: [
      { ruleId: 'sgr-1', restoredRuleId: null, undo: restore.rules[0]?.undo },
      { ruleId: 'sgr-2', restoredRuleId: null },
    ],
  });
  expect(await store.restores.unfinished()).toContain(restore.id);
  const { exception } = restore;
  expect(await store.exceptions.get(exception.name)).toMatchObject({
    exception,
    createdBy: 'ops',
    endedAt: null,
  });
  const lines = await audited(before);
  expect(lines.map(({ who, what }) => `${who}: ${what}`)).toEqual([
    'ops: restore requested',
    'ops: exception created',
  ]);
  expect(lines[0]?.details).toMatchObject({ restore: restore.id, rules: ['sgr-1', 'sgr-2'] });
  expect(lines[1]?.details).toMatchObject({ ticket: 'SEC-7', name: exception.name });
});

test('of restores of the same rule at the same moment one is recorded, the others leave nothing', async () => {
  const before = await mark();
  const plans = await Promise.all([1, 2, 3, 4].map(() => planned('sgr-1')));
  const outcomes = await Promise.allSettled(plans.map((plan) => store.restores.create(plan)));
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(3);
  for (const each of refused) expect(each).toMatchObject({ reason: conflict });
  expect((await audited(before)).filter(({ what }) => what === 'restore requested')).toHaveLength(1);
  await recorded('sgr-2');
  await expect(recorded()).rejects.toMatchObject({
    ...conflict,
    message: expect.stringMatching(/restore .* already, which is pending/),
  });
});

test('goes from state to state, and ends once', async () => {
  const { id } = await recorded('sgr-1');
  await under(id, (lease) => store.restores.exceptionDeployed(id, lease));
  expect((await store.restores.get(id))?.state).toBe('exception-deployed');
  await under(id, (lease) => store.restores.putBack(id, 'sgr-1', 'sgr-new', lease));
  const before = await mark();
  await under(id, async (lease) => {
    await store.restores.restored(id, lease);
    await store.restores.failed(id, 'too late', [], lease);
    await store.restores.exceptionDeployed(id, lease);
  });
  expect(await store.restores.get(id)).toMatchObject({
    ...{ state: 'restored', reason: null, finishedAt: expect.any(Date) },
    rules: [{ ruleId: 'sgr-1', restoredRuleId: 'sgr-new', restoredAt: expect.any(Date) }],
  });
  expect(await store.restores.unfinished()).not.toContain(id);
  expect((await audited(before)).map(({ what }) => what)).toEqual(['restore done']);
  await expect(recorded('sgr-1')).rejects.toMatchObject(conflict);
});

test('that fails keeps of its exception what is still needed', async () => {
  const restore = await recorded();
  const { id, exception } = restore;
  const needed = { ...exception, allow: { protocols: ['tcp'], sources: { cidrs: ['203.0.113.7/32'] } } };
  const before = await mark();
  await under(id, async (lease) => {
    await store.restores.putBack(id, 'sgr-1', 'sgr-new', lease);
    await store.restores.failed(id, 'the security group does not exist', [needed], lease);
  });
  expect((await store.exceptions.get(exception.name))?.exception).toEqual(needed);
  expect((await audited(before)).map(({ who, what }) => `${who}: ${what}`)).toEqual([
    'portcullis: restore failed',
    'portcullis: exception narrowed',
  ]);
  await expect(recorded('sgr-1')).rejects.toMatchObject(conflict);
  await recorded('sgr-2');
});

test('that fails without a rule that is back ends its exception', async () => {
  const { id, exception } = await recorded();
  const before = await mark();
  await under(id, (lease) => store.restores.failed(id, 'the security group does not exist', [], lease));
  expect(await store.exceptions.get(exception.name)).toMatchObject({ endedBy: 'portcullis' });
  expect((await audited(before)).map(({ what }) => what)).toEqual(['restore failed', 'exception ended']);
});

test('is written by the holder of its lease alone', async () => {
  const { id, exception } = await recorded();
  const other = await recorded().catch(() => undefined);
  expect(other).toBeUndefined();
  const late = await under(id, async (lease) => lease);
  const { restores } = store;
  const writes = [
    () => restores.exceptionDeployed(id, late),
    () => restores.putBack(id, 'sgr-1', 'sgr-late', late),
    () => restores.restored(id, late),
    () => restores.failed(id, 'late', [], late),
  ];
  const before = await store.restores.get(id);
  await under(id, async () => {
    for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'lease-lost' });
  });
  for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'lease-lost' });
  expect(await store.restores.get(id)).toEqual(before);
  expect((await store.exceptions.get(exception.name))?.endedAt).toBeNull();
});

test('an exception ends once, by the first who ends it', async () => {
  const { name } = (await recorded('sgr-1')).exception;
  const before = await mark();
  const [first, again] = [await store.exceptions.end(name, 'ann'), await store.exceptions.end(name, 'bob')];
  expect(first).toMatchObject({ endedBy: 'ann', endedAt: expect.any(Date) });
  expect(again).toEqual(first);
  expect((await audited(before)).map(({ who, what }) => `${who}: ${what}`)).toEqual(['ann: exception ended']);
  expect(await store.exceptions.end('never-there', 'ann')).toBeUndefined();
});

test('the audit log keeps a line once, and refuses change and removal', async () => {
  const entry = { who: 'portcullis', what: 'exception expiring', details: { name: 'a' } } as const;
  const once = randomUUID();
  expect([await store.audit.append(entry, once), await store.audit.append(entry, once)]).toEqual([
    true,
    false,
  ]);
  expect([await store.audit.append(entry), await store.audit.append(entry)]).toEqual([true, true]);
  await expect(database.query(`update audit set who = 'me'`)).rejects.toThrow('append-only');
  await expect(database.query('delete from audit')).rejects.toThrow('append-only');
});

test('the hub remembers the stored exceptions that it was made with, until it is made without', async () => {
  const hub = {
    ...{ key: 'hub', generation: 'g1', exceptions: ['a', 'b'] },
    arguments: { kind: 'hub', place: { partition: 'aws', accountId: '222222222222', region: 'eu-west-1' } },
  } as unknown as Parameters<Store['stacks']['declare']>[0];
  await store.stacks.declare(hub);
  const made = { release: '', programVersion: 'p' };
  await asHolder(database, 'hub', async (lease) => {
    await store.stacks.succeeded('hub', {}, { ...made, ...hub }, lease);
    await store.stacks.failed('hub', {}, { generation: 'g1', counted: true }, lease);
    expect((await store.stacks.get('hub'))?.exceptions).toEqual(['a', 'b']);
    await store.stacks.succeeded('hub', {}, { ...made, generation: 'g2' }, lease);
  });
  expect(await store.stacks.get('hub')).toMatchObject({ generation: 'g2', exceptions: [] });
});

test('tags that were read earlier do not overwrite what was read later; forgotten ones are read again', async () => {
  const id = '300000000042';
  const account = {
    id,
    name: id,
    state: 'ACTIVE' as const,
    joinedAt: undefined,
    parents: [],
    unitNames: ['Web'],
    path: 'Web',
  };
  await store.accounts.seen([account], new Date());
  const at = (time: string) => new Date(`2026-01-15T${time}Z`);
  await store.accounts.setTags(id, { team: 'new' }, at('12:00:00'));
  await store.accounts.setTags(id, { team: 'old' }, at('11:00:00'));
  expect(await store.accounts.get(id)).toMatchObject({
    unitNames: ['Web'],
    tags: { team: 'new' },
    tagsReadAt: at('12:00:00'),
  });
  await store.accounts.forgetTags(id);
  expect((await store.accounts.get(id))?.tagsReadAt).toBeNull();
});
