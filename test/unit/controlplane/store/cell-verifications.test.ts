import { randomUUID } from 'node:crypto';
import { describe, expect } from 'vitest';
import type { Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { remediation } from '../../../worlds/remediation-sample.ts';

const cell = (region: string, accountId = '300000000001') => ({ accountId, region });
const cells = [cell('eu-central-1'), cell('eu-west-1')];
const verified = {
  state: 'verified',
  kind: 'end-to-end',
  milliseconds: 900,
  recordedMilliseconds: 1200,
} as const;
const hour = 3_600_000;

let store: Store;
test.beforeEach(({ store: given }) => {
  store = given;
}, 60_000);

const requested = async (which = cells) => {
  const id = randomUUID();
  await store.cellVerifications.request({ id, scope: {}, requestedBy: 'ada' }, which);
  return id;
};

describe('a verification', () => {
  test('has a canary for each cell and a line in the audit log', async () => {
    const id = await requested();
    expect(await store.cellVerifications.canaries(id)).toMatchObject(
      cells.map((each) => ({ ...each, state: 'waiting', verificationId: id })),
    );
    expect(await store.audit.list(1)).toMatchObject([
      { who: 'ada', what: 'verification requested', details: { verification: id, cells: 2 } },
    ]);
    expect(await store.cellVerifications.unfinished()).toEqual([id]);
  });

  test('ends once, when its last canary has', async () => {
    const id = await requested();
    const [one, other] = await store.cellVerifications.canaries(id);
    await store.cellVerifications.end(one?.id ?? '', { ...verified, message: null });
    expect(await store.cellVerifications.finish(id)).toBeUndefined();
    await store.cellVerifications.end(other?.id ?? '', { state: 'failed', message: 'no trail' });
    expect(await store.cellVerifications.finish(id)).toEqual({ verified: 1, failed: 1 });
    expect(await store.cellVerifications.finish(id)).toBeUndefined();
    expect(await store.cellVerifications.unfinished()).toEqual([]);
  });
});

describe('a canary', () => {
  test('is held by one worker, and by another once the first released it', async () => {
    const id = await requested();
    const [one, other] = [
      await store.cellVerifications.claim(id, 'a'),
      await store.cellVerifications.claim(id, 'b'),
    ];
    expect(one?.id).not.toBe(other?.id);
    expect(await store.cellVerifications.claim(id, 'c')).toBeUndefined();
    await store.cellVerifications.release('a');
    expect((await store.cellVerifications.claim(id, 'c'))?.id).toBe(one?.id);
  });

  test('is taken over where its holder renews no more', async ({ database }) => {
    const id = await requested([cell('eu-west-1')]);
    const held = await store.cellVerifications.claim(id, 'dead');
    await database.query(`update canary set held_until = now() - interval '1 second' where id = $1`, [
      held?.id,
    ]);
    expect((await store.cellVerifications.claim(id, 'alive'))?.id).toBe(held?.id);
    await store.cellVerifications.renew('dead');
    expect(await store.cellVerifications.claim(id, 'another')).toBeUndefined();
  });

  test('hears the result of its own id or group in its own cell, and of nothing else', async () => {
    const id = await requested([cell('eu-west-1')]);
    const [{ id: canary } = { id: '' }] = await store.cellVerifications.canaries(id);
    await store.cellVerifications.opened(canary, 'sg-0a1b2c3d4e5f60001');
    const others = [
      remediation({ groupId: 'sg-2' }),
      remediation({ canary, region: 'us-east-1' }),
      remediation({ groupId: 'sg-2', canary: randomUUID() }),
    ];
    for (const result of others) expect(await store.cellVerifications.received(result)).toBe(false);
    expect((await store.cellVerifications.canary(canary))?.result).toBeNull();
    expect(await store.cellVerifications.received(remediation({ outcome: 'access-denied' }))).toBe(true);
    expect((await store.cellVerifications.canary(canary))?.result?.outcome).toBe('access-denied');
    expect(await store.cellVerifications.received(remediation({ canary }))).toBe(true);
    expect((await store.cellVerifications.canary(canary))?.result?.outcome).toBe('remediated');
  });

  test('that has ended stays as it is', async () => {
    const id = await requested([cell('eu-west-1')]);
    const [{ id: canary } = { id: '' }] = await store.cellVerifications.canaries(id);
    await store.cellVerifications.end(canary, { state: 'failed', message: 'no answer' });
    await store.cellVerifications.end(canary, { ...verified, message: null });
    expect(await store.cellVerifications.received(remediation({ canary }))).toBe(true);
    expect(await store.cellVerifications.canary(canary)).toMatchObject({ state: 'failed', result: null });
  });

  test('that may have left its group behind is found by its cell until the group is deleted', async () => {
    const id = await requested(cells);
    const [{ id: canary } = { id: '' }, other] = await store.cellVerifications.canaries(id);
    await store.cellVerifications.intend(canary);
    expect(await store.cellVerifications.leftovers(cell('eu-central-1'))).toEqual([canary]);
    expect(await store.cellVerifications.leftovers(cell('eu-west-1'))).toEqual([]);
    await store.cellVerifications.end(canary, { state: 'failed', message: 'killed' });
    await store.cellVerifications.end(other?.id ?? '', { state: 'failed', message: 'killed' });
    await store.cellVerifications.finish(id);
    await store.cellVerifications.forget(0);
    expect(await store.cellVerifications.leftovers(cell('eu-central-1'))).toEqual([canary]);
    await store.cellVerifications.removed([canary]);
    expect(await store.cellVerifications.leftovers(cell('eu-central-1'))).toEqual([]);
    await store.cellVerifications.forget(-1000);
    expect(await store.cellVerifications.get(id)).toBeUndefined();
  });
});

test('a proof keeps when a cell was verified last beside when it failed last', async () => {
  const first = await requested([cell('eu-west-1')]);
  const [one] = await store.cellVerifications.canaries(first);
  await store.cellVerifications.end(one?.id ?? '', { ...verified, message: null });
  const second = await requested([cell('eu-west-1')]);
  const [two] = await store.cellVerifications.canaries(second);
  await store.cellVerifications.end(two?.id ?? '', { state: 'failed', message: 'no trail' });
  const [cellVerification] = await store.cellVerifications.list();
  expect(cellVerification).toMatchObject({ kind: 'end-to-end', milliseconds: 900, message: 'no trail' });
  expect(cellVerification?.failedAt?.getTime()).toBeGreaterThanOrEqual(
    cellVerification?.verifiedAt?.getTime() ?? Infinity,
  );
});

test('what is due is what nothing was tried in for longest, so many at most, and nothing under way', async ({
  database,
}) => {
  const due = { olderThanMs: hour, most: 1 };
  const ask = async (most = due.most) => {
    const id = randomUUID();
    const made = await store.cellVerifications.requestDue({ id, scope: {}, requestedBy: 'clock' }, cells, {
      ...due,
      most,
    });
    return made ? (await store.cellVerifications.canaries(id)).map(({ region }) => region) : [];
  };
  const [first] = await ask();
  const [second] = await ask();
  expect([first, second].sort()).toEqual(['eu-central-1', 'eu-west-1']);
  expect(await ask(9)).toEqual([]);
  for (const id of await store.cellVerifications.unfinished())
    for (const canary of await store.cellVerifications.canaries(id))
      await store.cellVerifications.end(canary.id, { state: 'failed', message: 'no' });
  expect(await ask(9)).toEqual([]);
  await database.query(
    `update cell_verification set failed_at = now() - interval '2 hours' where region = 'eu-west-1'`,
  );
  expect(await ask(9)).toEqual(['eu-west-1']);
});
