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
let verifications: Store['cellVerifications'];
test.beforeEach(({ store: given }) => {
  store = given;
  verifications = given.cellVerifications;
}, 60_000);

const requested = async (which = cells) => {
  const id = randomUUID();
  await verifications.request({ id, scope: {}, requestedBy: 'ada' }, which);
  return id;
};

describe('a verification', () => {
  test('has a canary for each cell and a line in the audit log', async () => {
    const id = await requested();
    expect(await verifications.canaries(id)).toMatchObject(
      cells.map((each) => ({ ...each, state: 'waiting', verificationId: id })),
    );
    expect(await store.audit.list(1)).toMatchObject([
      { who: 'ada', what: 'verification requested', details: { verification: id, cells: 2 } },
    ]);
    expect(await verifications.unfinished()).toEqual([id]);
  });

  test('ends once, when its last canary has', async () => {
    const id = await requested();
    const [one, other] = await verifications.canaries(id);
    await verifications.end(one?.id ?? '', { ...verified, message: null });
    expect(await verifications.finish(id)).toBeUndefined();
    await verifications.end(other?.id ?? '', { state: 'failed', message: 'no trail' });
    expect(await verifications.finish(id)).toEqual({ verified: 1, failed: 1 });
    expect(await verifications.finish(id)).toBeUndefined();
    expect(await verifications.unfinished()).toEqual([]);
  });
});

describe('a canary', () => {
  test('is held by one worker, and by another once the first released it', async () => {
    const id = await requested();
    const [one, other] = [await verifications.claim(id, 'a'), await verifications.claim(id, 'b')];
    expect(one?.id).not.toBe(other?.id);
    expect(await verifications.claim(id, 'c')).toBeUndefined();
    await verifications.release('a');
    expect((await verifications.claim(id, 'c'))?.id).toBe(one?.id);
  });

  test('is taken over where its holder renews no more', async ({ database }) => {
    const id = await requested([cell('eu-west-1')]);
    const held = await verifications.claim(id, 'dead');
    await database.query(`update canary set held_until = now() - interval '1 second'`);
    expect((await verifications.claim(id, 'alive'))?.id).toBe(held?.id);
    await verifications.renew('dead');
    expect(await verifications.claim(id, 'another')).toBeUndefined();
  });

  test('receives the result of its own id or group in its own cell, and of nothing else', async () => {
    const id = await requested([cell('eu-west-1')]);
    const [{ id: canary } = { id: '' }] = await verifications.canaries(id);
    await verifications.opened(canary, 'sg-0a1b2c3d4e5f60001');
    const others = [
      remediation({ groupId: 'sg-2' }),
      remediation({ canary, region: 'us-east-1' }),
      remediation({ groupId: 'sg-2', canary: randomUUID() }),
    ];
    for (const result of others) expect(await verifications.received(result)).toBe(false);
    expect((await verifications.canary(canary))?.result).toBeNull();
    expect(await verifications.received(remediation({ outcome: 'access-denied' }))).toBe(true);
    expect((await verifications.canary(canary))?.result?.outcome).toBe('access-denied');
    expect(await verifications.received(remediation({ canary }))).toBe(true);
    expect((await verifications.canary(canary))?.result?.outcome).toBe('remediated');
  });

  test('that has ended stays as it is', async () => {
    const id = await requested([cell('eu-west-1')]);
    const [{ id: canary } = { id: '' }] = await verifications.canaries(id);
    await verifications.end(canary, { state: 'failed', message: 'no answer' });
    await verifications.end(canary, { ...verified, message: null });
    expect(await verifications.received(remediation({ canary }))).toBe(true);
    expect(await verifications.canary(canary)).toMatchObject({ state: 'failed', result: null });
  });

  test('that may have left its group behind is found by its cell until the group is deleted', async () => {
    const id = await requested(cells);
    const [{ id: canary } = { id: '' }, other] = await verifications.canaries(id);
    await verifications.intend(canary);
    expect(await verifications.leftovers(cell('eu-central-1'))).toEqual([canary]);
    expect(await verifications.leftovers(cell('eu-west-1'))).toEqual([]);
    await verifications.end(canary, { state: 'failed', message: 'killed' });
    await verifications.end(other?.id ?? '', { state: 'failed', message: 'killed' });
    await verifications.finish(id);
    await verifications.forget(0);
    expect(await verifications.leftovers(cell('eu-central-1'))).toEqual([canary]);
    await verifications.removed([canary]);
    expect(await verifications.leftovers(cell('eu-central-1'))).toEqual([]);
    await verifications.forget(-1000);
    expect(await verifications.get(id)).toBeUndefined();
  });
});

test('a verification keeps when a cell was verified last beside when it failed last', async () => {
  const first = await requested([cell('eu-west-1')]);
  const [one] = await verifications.canaries(first);
  await verifications.end(one?.id ?? '', { ...verified, message: null });
  const second = await requested([cell('eu-west-1')]);
  const [two] = await verifications.canaries(second);
  await verifications.end(two?.id ?? '', { state: 'failed', message: 'no trail' });
  const [cellVerification] = await verifications.list();
  expect(cellVerification).toMatchObject({ kind: 'end-to-end', milliseconds: 900, message: 'no trail' });
  expect(cellVerification?.failedAt?.getTime()).toBeGreaterThanOrEqual(
    cellVerification?.verifiedAt?.getTime() ?? Infinity,
  );
});

test('what is due is what nothing was tried in for longest, so many at most, and nothing under way', async ({
  database,
}) => {
  const ask = async (most = 1) => {
    const id = randomUUID();
    const asked = { id, scope: {}, requestedBy: 'clock' };
    const made = await verifications.requestDue(asked, cells, { olderThanMs: hour, most });
    return made ? (await verifications.canaries(id)).map(({ region }) => region) : [];
  };
  const [first] = await ask();
  const [second] = await ask();
  expect([first, second].sort()).toEqual(['eu-central-1', 'eu-west-1']);
  expect(await ask(9)).toEqual([]);
  for (const id of await verifications.unfinished())
    for (const canary of await verifications.canaries(id))
      await verifications.end(canary.id, { state: 'failed', message: 'no' });
  expect(await ask(9)).toEqual([]);
  await database.query(
    `update cell_verification set failed_at = now() - interval '2 hours' where region = 'eu-west-1'`,
  );
  expect(await ask(9)).toEqual(['eu-west-1']);
});
