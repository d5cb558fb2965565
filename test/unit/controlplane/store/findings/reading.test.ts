import { describe, expect } from 'vitest';
import { openStore } from '../../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { observed, reading } from '../../../../worlds/finding-sample.ts';
import { at, database, databaseId, findingWorld, id, open, revoked, ssh } from './world.ts';

const { changes, record, row, sweep } = findingWorld();

describe('a reading of a cell', () => {
  test('adds what it lists, with when and how it came in', async () => {
    expect(await sweep(10, [ssh, database])).toEqual({
      ...{ opened: [id, databaseId].sort(), excepted: [], remediated: [], resolved: [] },
      ...{ appeared: [id, databaseId].sort(), previous: null },
    });
    expect(await row()).toMatchObject({
      ...{
        state: 'open',
        stateSince: new Date(at(10)),
        firstSeen: new Date(at(10)),
        seenAt: new Date(at(10)),
      },
      ...{ cameIn: 'sweep', cameInBy: 'sweep-10', exposure: 'reachable', addresses: ['203.0.113.7'] },
      ...{ policyRule: 'admin-ports', policyDigest: 'f00d', severity: 'critical', severityOrder: 0 },
    });
    expect(await changes()).toEqual(['new>open sweep-10']);
  });

  test('resolves what it does not list, keeps what it could not evaluate, and names the reading before', async () => {
    await sweep(10, [ssh, database]);
    const undecided = [{ ...ssh, ruleId: ssh.ruleId ?? '', reason: 'a prefix list could not be read' }];
    expect(await sweep(20, [], { undecided })).toMatchObject({
      ...{ opened: [], resolved: [databaseId], appeared: [] },
      previous: { readAt: new Date(at(10)), sweepId: 'sweep-10', policyDigest: 'f00d' },
    });
    expect(await row()).toMatchObject({ state: 'open', seenAt: new Date(at(10)) });
    expect(await row(databaseId)).toMatchObject({ state: 'resolved', stateSince: new Date(at(20)) });
  });

  test('changes nothing when it is repeated', async () => {
    await sweep(10);
    await sweep(20, []);
    const before = [await row(), await changes()];
    const again = await sweep(20, []);
    await sweep(10);
    expect(again).toMatchObject({ opened: [], resolved: [], appeared: [] });
    expect([await row(), await changes()]).toEqual(before);
  });

  test('concerns no other Region and no other account', async () => {
    await sweep(10);
    await sweep(20, [], { region: 'us-east-1' });
    await sweep(20, [], { accountId: '300000000002' });
    expect(await row()).toMatchObject({ state: 'open' });
  });

  test('that is older than an event does not undo what the event says', async () => {
    await record(open(20));
    await sweep(10, []);
    expect(await row()).toMatchObject({ state: 'open' });
    await record(revoked(30));
    await sweep(25);
    expect(await row()).toMatchObject({ state: 'remediated', exposure: 'reachable' });
  });

  test('opens again what had ended, and the first time stays', async () => {
    await sweep(10);
    await sweep(20, []);
    expect(await sweep(30)).toMatchObject({ opened: [id], appeared: [id] });
    expect(await row()).toMatchObject({
      state: 'open',
      firstSeen: new Date(at(10)),
      stateSince: new Date(at(30)),
    });
    expect(await changes()).toEqual([
      'new>open sweep-10',
      'open>resolved sweep-20',
      'resolved>open sweep-30',
    ]);
  });

  test('with a renamed policy rule and a created rule of the same content neither resolves nor adds', async () => {
    await sweep(10);
    const renamed = observed({ policyRule: 'no-ssh', ruleId: 'sgr-other' });
    expect(await sweep(20, [renamed], { policyDigest: 'cafe' })).toMatchObject({ opened: [], resolved: [] });
    expect(await row()).toMatchObject({ policyRule: 'no-ssh', policyDigest: 'cafe', ruleId: 'sgr-other' });
    expect(await changes()).toHaveLength(1);
  });

  test('excepts what an exception allows, until it has ended', async () => {
    await sweep(10);
    const allowed = observed({ exceptions: [{ name: 'bastion', expires: null }] });
    expect(await sweep(20, [allowed])).toMatchObject({ excepted: [id], appeared: [] });
    expect(await row()).toMatchObject({
      state: 'excepted',
      exceptions: [{ name: 'bastion', expires: null }],
    });
    expect(await sweep(30)).toMatchObject({ opened: [id], appeared: [] });
    expect(await row()).toMatchObject({ state: 'open', exceptions: [] });
  });

  test('with two rules of the same content is one finding, open where one of them is not excepted', async () => {
    const allowed = observed({ ruleId: 'sgr-9', exceptions: [{ name: 'bastion', expires: null }] });
    await sweep(10, [ssh, allowed]);
    expect(await row()).toMatchObject({ state: 'open', ruleId: ssh.ruleId });
  });

  test('keeps who opened the same rule when a later one no longer finds the call', async () => {
    const openedBy = { principal: 'alice', eventId: 'e-1', eventTime: at(1) };
    await sweep(10, [observed({ openedBy })]);
    await sweep(20);
    expect(await row()).toMatchObject({ openedBy });
    await sweep(30, [observed({ ruleId: 'sgr-other' })]);
    expect(await row()).toMatchObject({ openedBy: null });
  });

  test('of several thousand findings takes one transaction of few statements', async ({
    database: given,
  }) => {
    const many = Array.from({ length: 3_000 }, (_, port) =>
      observed({ fromPort: port, toPort: port, ruleId: `sgr-${port}` }),
    );
    let statements = 0;
    const counting = openStore({
      ...given,
      transaction: (work) =>
        given.transaction((query) =>
          work((sql, parameters) => {
            statements++;
            return query(sql, parameters);
          }),
        ),
    });
    const recorded = await counting.findings.recordCell(reading(10, many));
    expect(recorded.opened).toHaveLength(3_000);
    expect(statements).toBeLessThan(10);
  });

  test('counts once when two processes record it at the same time', async () => {
    const both = await Promise.all([sweep(10), sweep(10), sweep(20)]);
    expect(both.flatMap(({ opened }) => opened)).toEqual([id]);
    expect(await changes()).toHaveLength(1);
  });
});
