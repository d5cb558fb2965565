import { describe, expect } from 'vitest';
import type { CellReading } from '../../../../../controlplane/store/findings/finding.ts';
import { findingId } from '../../../../../controlplane/store/findings/identity.ts';
import { openStore, type Store } from '../../../../../controlplane/store/store.ts';
import type { RemediationResult } from '../../../../../lambda/contract/result.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { cell, observed, reading } from '../../../../worlds/finding-sample.ts';
import { finding, remediation } from '../../../../worlds/remediation-sample.ts';

let store: Store;
let row: (id?: string) => Promise<Record<string, unknown> | undefined>;
let changes: (id?: string) => Promise<string[]>;
const ssh = observed();
const { groupId } = ssh;
const id = findingId({ ...cell, ...ssh });
const database = observed({ fromPort: 5432, toPort: 5432, ruleId: 'sgr-2', severity: 'high' });
const databaseId = findingId({ ...cell, ...database });

test.beforeEach(async ({ database: given }) => {
  store = openStore(given);
  row = async (of = id) =>
    (await given.query<Record<string, unknown>>('select * from finding where id = $1', [of]))[0];
  changes = async (of = id) =>
    (
      await given.query<{ change: string }>(
        `select coalesce(from_state, 'new') || '>' || to_state || ' ' || cause_id as change from finding_change
         where finding_id = $1 order by id`,
        [of],
      )
    ).map(({ change }) => change);
}, 60_000);

const at = (second: number) => new Date(Date.UTC(2026, 2, 2, 9, 0, second)).toISOString();
const result = (second: number, change: Partial<RemediationResult> = {}) =>
  remediation({
    ...{ eventId: `event-${second}`, time: at(second), ...{ account: cell.accountId, region: cell.region } },
    timeline: { eventTime: null, receivedAt: at(second), revokedAt: null },
    ...change,
  });
const open = (second: number) =>
  result(second, { outcome: 'observed', findings: [finding({ action: 'observed', undo: null })] });
const revoked = (second: number) => result(second, { findings: [finding()] });
const clean = (second: number, change: Partial<RemediationResult> = {}) =>
  result(second, { outcome: 'clean', mode: null, ...change });
const sweep = (second: number, findings = [ssh], change: Partial<CellReading> = {}) =>
  store.findings.recordCell(reading(second, findings, change));

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
    await store.findings.recordResult(open(20));
    await sweep(10, []);
    expect(await row()).toMatchObject({ state: 'open' });
    await store.findings.recordResult(revoked(30));
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

describe('the result of an event', () => {
  test('comes into the list with the record of the remediation', async () => {
    await store.remediations.append({ ...open(10), owner: { tag: 'owner', value: 'shop' } });
    expect(await row()).toMatchObject({
      ...{ state: 'open', cameIn: 'event', cameInBy: 'event-10', mode: 'observe', exposure: 'unknown' },
      ...{ ownerBy: 'group-tag', ownerTag: 'owner', owner: 'shop' },
    });
  });

  test.each(['revoked', 'narrowed', 'already-gone'] as const)(
    'with a rule that is %s remediates',
    async (action) => {
      await sweep(10);
      const changed = await store.findings.recordResult(result(20, { findings: [finding({ action })] }));
      expect(changed).toMatchObject({ remediated: [id] });
      expect(await row()).toMatchObject({ state: 'remediated', stateSince: new Date(at(20)) });
    },
  );

  test.each(['would-revoke', 'escalated', 'notified', 'observed', 'failed'] as const)(
    'with a rule that is %s says that it is open',
    async (action) => {
      await store.findings.recordResult(result(20, { findings: [finding({ action, undo: null })] }));
      expect(await row()).toMatchObject({ state: 'open', seenAt: new Date(at(20)) });
    },
  );

  test('stays remediated when a sweep then does not list it, and opens again when one does', async () => {
    await sweep(10);
    await store.findings.recordResult(revoked(20));
    expect(await sweep(30, [])).toMatchObject({ resolved: [] });
    expect(await row()).toMatchObject({ state: 'remediated' });
    await sweep(40, [observed({ ruleId: 'sgr-other' })]);
    expect(await row()).toMatchObject({ state: 'open' });
    expect(await changes()).toEqual([
      ...['new>open sweep-10', 'open>remediated event-20', 'remediated>open sweep-40'],
    ]);
  });

  test('is not undone by a listing that still has the revoked rule', async () => {
    await store.findings.recordResult(revoked(20));
    await sweep(21);
    await store.findings.recordResult(
      result(22, { outcome: 'failed', findings: [finding({ action: 'failed' })] }),
    );
    expect(await row()).toMatchObject({ state: 'remediated' });
  });

  test.each(['clean', 'group-gone', 'rule-gone'] as const)(
    '%s resolves what the group had',
    async (outcome) => {
      const other = observed({ groupId: 'sg-other' });
      await sweep(10, [ssh, other]);
      expect(await store.findings.recordResult(clean(20, { outcome }))).toMatchObject({ resolved: [id] });
      expect(await row(findingId({ ...cell, ...other }))).toMatchObject({ state: 'open' });
    },
  );

  test.each<[string, Partial<RemediationResult>]>([
    ['failed', { outcome: 'failed' }],
    ['undecided', { outcome: 'undecided', undecided: [{ ruleId: 'sgr-7', reason: 'x' }] }],
    ['denied', { outcome: 'access-denied' }],
    ['ignored', { outcome: 'ignored' }],
    ['one part of several', { outcome: 'clean', part: 1, parts: 2 }],
    ['cut', { outcome: 'clean', omitted: 1 }],
    [
      'in doubt about its reading',
      { outcome: 'clean', disagreements: [{ of: 'sgr-1', event: 'x', read: null }] },
    ],
    ['about no group', { outcome: 'clean', groupId: null }],
  ])('that is %s resolves nothing', async (_, change) => {
    await sweep(10);
    expect(await store.findings.recordResult(clean(20, change))).toMatchObject({ resolved: [] });
    expect(await row()).toMatchObject({ state: 'open' });
  });

  test('that began before the newest reading of the group resolves nothing', async () => {
    await sweep(20);
    const timeline = { eventTime: null, receivedAt: at(19), revokedAt: null };
    await store.findings.recordResult(clean(30, { timeline }));
    expect(await row()).toMatchObject({ state: 'open' });
  });

  test('that is late adds what a later reading of its group or cell resolved', async () => {
    await store.findings.recordResult(clean(20));
    await store.findings.recordResult(open(10));
    expect(await row()).toMatchObject({
      state: 'resolved',
      firstSeen: new Date(at(10)),
      stateSince: new Date(at(20)),
    });
    await sweep(30, []);
    const late = finding({ fromPort: 80, toPort: 80, action: 'observed', undo: null, ruleId: 'sgr-8' });
    await store.findings.recordResult(result(11, { outcome: 'observed', findings: [late] }));
    const port80 = findingId({ ...cell, groupId, ingress: 'tcp 80 80 0.0.0.0/0' });
    expect(await row(port80)).toMatchObject({ state: 'resolved', stateSince: new Date(at(30)) });
  });

  test('excepts a known rule by its id, and a later reading decides again', async () => {
    await sweep(10);
    const entry = {
      ruleId: ssh.ruleId ?? '',
      policyRule: 'admin-ports',
      exceptions: [{ name: 'b', expires: null }],
    };
    const unknown = { ...entry, ruleId: 'sgr-unknown' };
    const changed = await store.findings.recordResult(
      result(20, { outcome: 'excepted', excepted: [entry, unknown] }),
    );
    expect(changed).toMatchObject({ excepted: [id], opened: [] });
    expect(await row()).toMatchObject({ state: 'excepted', exceptions: [{ name: 'b', expires: null }] });
    await sweep(30, []);
    expect(await row()).toMatchObject({ state: 'resolved' });
  });

  test('that an exception allows is not resolved by the same result', async () => {
    await sweep(10);
    const entry = {
      ruleId: ssh.ruleId ?? '',
      policyRule: 'admin-ports',
      exceptions: [{ name: 'b', expires: null }],
    };
    await store.findings.recordResult(clean(20, { outcome: 'rule-gone', excepted: [entry] }));
    expect(await row()).toMatchObject({ state: 'excepted' });
  });

  test('keeps the exposure and the owner that a sweep read', async () => {
    const owner = { by: 'account-tag', tag: 'team', value: 'shop' } as const;
    await sweep(10, [observed({ owner })]);
    await store.findings.recordResult(open(20));
    expect(await row()).toMatchObject({ exposure: 'reachable', owner: 'shop', seenAt: new Date(at(20)) });
  });

  test('has no finding for the rule of a canary', async ({ database: given }) => {
    await store.findings.recordResult(
      result(10, { findings: [finding({ policyRule: 'portcullis-canary' })] }),
    );
    expect(await given.query('select 1 from finding')).toEqual([]);
  });
});
