import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { openBoss } from '../../../../controlplane/queue/boss.ts';
import { PortcullisError } from '../../../../controlplane/settings/errors.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { verifier } from '../../../../controlplane/verify/verifier.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { cell, verifyWorld } from '../../../worlds/verify.ts';

let database: Database;
test.beforeEach(({ given }) => {
  database = given.database;
});

test('verifications older than 7 days are forgotten with their canaries at the start, whether or not cells are verified by the clock', async () => {
  const { parts: context, store } = verifyWorld(database);
  const ended = async (days: number) => {
    const id = randomUUID();
    await store.cellVerifications.request({ id, scope: {}, requestedBy: 'a test' }, [cell]);
    for (const canary of await store.cellVerifications.canaries(id))
      await store.cellVerifications.end(canary.id, { state: 'failed', message: 'no answer' });
    await store.cellVerifications.finish(id);
    await database.query(
      'update verification set finished_at = now() - make_interval(days => $2) where id = $1',
      [id, days],
    );
    return id;
  };
  const [old, young] = [await ended(8), await ended(6)];
  expect(context.settings.verifyHours).toBe(0);
  const standing = verifier({ database, boss: openBoss(database, context.log) }, context, {
    standing: true,
    receive: () => undefined,
  });
  await standing.start();
  await standing.stop();
  expect(await store.cellVerifications.get(old)).toBeUndefined();
  expect(await store.cellVerifications.canaries(old)).toEqual([]);
  expect(await store.cellVerifications.get(young)).toBeDefined();
  expect(await store.cellVerifications.canaries(young)).toHaveLength(1);
  expect(await store.cellVerifications.list()).toMatchObject([cell]);
});

test('nothing is verified on the hub of another installation', async () => {
  const { parts: context, store } = verifyWorld(database);
  const refuse = async () => {
    throw new PortcullisError('other-installation', 'the hub belongs to another');
  };
  const overtaken = verifier({ database, boss: openBoss(database, context.log) }, context, {
    ...{ standing: false, receive: () => undefined, assertMayVerify: refuse },
  });
  const before = await store.cellVerifications.unfinished();
  await expect(overtaken.request({}, 'erin')).rejects.toMatchObject({ code: 'other-installation' });
  expect(await store.cellVerifications.unfinished()).toEqual(before);
});
