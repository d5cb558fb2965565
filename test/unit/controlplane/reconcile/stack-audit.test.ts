import { expect } from 'vitest';
import type { ReconcileContext } from '../../../../controlplane/reconcile/context.ts';
import { auditChange, auditFailure } from '../../../../controlplane/reconcile/stack-audit.ts';
import { programVersion } from '../../../../controlplane/stacks/generation.ts';
import { auditStage } from '../../../worlds/audit-stage.ts';
import { databaseTest as test } from '../../../worlds/database.ts';

const key = 'region-300000000001-eu-west-1';
const desired = {
  key,
  generation: 'g1',
  arguments: { kind: 'region', place: { partition: 'aws', accountId: '300000000001', region: 'eu-west-1' } },
} as unknown as Parameters<typeof auditChange>[1];
const made = {
  changes: [
    { operation: 'create', type: 'aws:cloudwatch/eventRule:EventRule', name: 'forward', properties: [] },
  ],
  drift: [],
  unchanged: 3,
  errors: [],
};

const stage = auditStage();
const pass = (token: string, by: readonly string[] = []) =>
  ({
    ...{ key, store: stage.store, programVersion: programVersion(), lease: { token } },
    requests: by.map((requestedBy, n) => ({ run: { id: `run-${n}`, kind: 'reconcile', requestedBy } })),
  }) as unknown as ReconcileContext;
const lines = () => stage.store.audit.list(10, { account: '300000000001' });

test('what was changed where is a line: by whom, for which runs, by which programs, once for one holder', async () => {
  await auditChange(pass('7', ['ann']), desired, made);
  await auditChange(pass('7', ['ann']), desired, made);
  await auditChange(pass('8'), desired, { ...made, changes: [] });
  expect(await lines()).toMatchObject([
    {
      ...{ who: 'ann', what: 'stack changed', programVersion: programVersion() },
      details: { key, region: 'eu-west-1', generation: 'g1', runs: ['run-0'], changes: made.changes },
    },
  ]);
});

test('changes of a dead holder are a separate line, written once by the worker that recovers', async () => {
  const found = { ...made, changes: [], interrupted: made.changes };
  await auditChange(pass('9'), desired, found);
  await auditChange(pass('9'), desired, found);
  expect(await lines()).toMatchObject([
    { what: 'stack changed', details: { key, interrupted: true, changes: made.changes } },
  ]);
  await auditChange(pass('10'), desired, { ...made, interrupted: made.changes });
  expect((await lines()).map(({ details }) => details.interrupted === true)).toEqual([false, true, true]);
});

test('a change without a run is done by portcullis', async () => {
  await auditChange(pass('9'), desired, made);
  expect(await lines()).toMatchObject([{ who: 'portcullis', details: { runs: [] } }]);
});

test('a failing stack is reported at the first failure and when it is given up', async () => {
  for (const failures of [1, 2, 3, 4, 5])
    await auditFailure(pass('9'), desired, { message: 'no such role', failures, stalled: failures === 5 });
  expect((await lines()).map(({ what, details }) => [what, details.failures, details.stalled])).toEqual([
    ['stack failed', 5, true],
    ['stack failed', 1, false],
  ]);
});

test('a secret in the words of an error does not come into the log', async () => {
  const message = 'diff --git: postgres://u:sesame-open@db/p refused, Authorization: Bearer abcdef0123456789';
  await auditFailure(pass('9'), desired, { message, failures: 1, stalled: false });
  const [line] = await lines();
  expect(line?.details.message).toBe('diff --git: postgres://…@db/p refused, Authorization: Bearer …');
});
