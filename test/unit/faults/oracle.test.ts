import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { AuditEntry } from '../../../controlplane/store/audit/entries.ts';
import { holderOf, recordLeases, sharedLeases, takenOverFrom } from '../../faults/lease-history.ts';
import { auditWrong } from '../../faults/oracle-audit.ts';
import type { FaultStage } from '../../faults/stage.ts';
import { auditStage } from '../../worlds/audit-stage.ts';
import { databaseEngine, databaseTest as test } from '../../worlds/database.ts';

const accountIds = ['300000000001', '300000000002'];

/** What looks at the database alone needs no roll-out to be seen to find something. */
const kind = databaseEngine();
const world = auditStage();
const query: FaultStage['query'] = (sql, parameters) => world.database.query(sql, [...(parameters ?? [])]);
const stage = () => ({ query, accountIds }) as unknown as FaultStage;
const say = (what: AuditEntry['what'], details: AuditEntry['details']) =>
  world.store.audit.append({ who: 'portcullis', what, details });
const finishedRun = async () => {
  const request = { kind: 'reconcile', scope: {}, onlyChanged: false, requestedBy: 'ops' } as const;
  const { run } = await world.store.runs.createUnlessWaiting(request);
  await world.store.runs.finish(run.id, 'succeeded', null);
  return run.id;
};

test('an audit log with one line for each account and run is right', async () => {
  await world.database.query('delete from run');
  for (const account of accountIds) await say('account adopted', { account });
  await finishedRun();
  await say('stack failed', { key: 'hub', message: 'no', stalled: false });
  expect(await auditWrong(stage(), 'explained')).toEqual([]);
  expect(await auditWrong(stage(), 'none')).toEqual(['stack failed hub: no']);
});

test('lines that are missing, too many or of a stack that was given up are named', async () => {
  await world.database.query('delete from run');
  for (const account of ['300000000001', '300000000001', '300000000009'])
    await say('account adopted', { account });
  const [twice, silent] = [await finishedRun(), await finishedRun()];
  await say('run finished', { run: twice });
  await world.asSuperuser(`delete from audit where what = 'run finished' and details->>'run' = '${silent}'`);
  await say('stack failed', { key: 'hub', message: 'no', stalled: true });
  expect(await auditWrong(stage(), 'explained')).toEqual([
    'account adopted 300000000001: 2 lines',
    'account adopted 300000000002: 0 lines',
    'account adopted 300000000009, which should not be',
    `run finished ${twice}: 2 lines`,
    `run finished ${silent}: 0 lines`,
    'stack failed, given up hub: no',
  ]);
});

if (kind === 'postgres')
  test('it knows who holds a key, and whose keys others took over', async () => {
    await recordLeases(query);
    const [first, second] = [randomUUID(), randomUUID()];
    const hold = (key: string, owner: string, until: string) =>
      query(
        `insert into lease as l (key, owner, token, expires_at) values ($1, $2, 1, now() + $3::interval)
         on conflict (key) do update set owner = $2, token = l.token + 1, expires_at = now() + $3::interval`,
        [key, owner, until],
      );
    await hold('a', first, '-1 second');
    await hold('b', first, '1 minute');
    expect(await holderOf(query, ['a', 'b'])).toEqual({ owner: first, leases: 1 });
    expect(await takenOverFrom(query, first)).toBe(0);
    await hold('a', second, '1 minute');
    expect(await takenOverFrom(query, first)).toBe(1);
    expect(await takenOverFrom(query, second)).toBe(0);
    expect(await sharedLeases(query)).toEqual([]);
    await hold('b', second, '1 minute');
    expect(await sharedLeases(query)).toEqual(['b: token 2 was given while 1 was held']);
  });
