import { describe, expect } from 'vitest';
import { findingId } from '../../../../../controlplane/store/findings/identity.ts';
import type { RemediationResult } from '../../../../../lambda/contract/result.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { cell, observed } from '../../../../worlds/finding-sample.ts';
import { finding } from '../../../../worlds/remediation-sample.ts';
import { at, clean, findingWorld, groupId, id, open, result, revoked, ssh } from './world.ts';

const { changes, record, row, store, sweep } = findingWorld();
/** What a result says of a rule that an exception allows. */
const excepted = {
  ...{ ruleId: ssh.ruleId ?? '', policyRule: 'admin-ports' },
  exceptions: [{ name: 'b', expires: null }],
};

describe('the result of an event', () => {
  test('comes into the list with the record of the remediation', async () => {
    await store().remediations.append({ ...open(10), owner: { tag: 'owner', value: 'shop' } });
    expect(await row()).toMatchObject({
      ...{ state: 'open', cameIn: 'event', cameInBy: 'event-10', mode: 'observe', exposure: 'unknown' },
      ...{ ownerBy: 'group-tag', ownerTag: 'owner', owner: 'shop' },
    });
  });

  test.each(['revoked', 'narrowed', 'already-gone'] as const)(
    'with a rule that is %s remediates',
    async (action) => {
      await sweep(10);
      const changed = await record(result(20, { findings: [finding({ action })] }));
      expect(changed).toMatchObject({ remediated: [id] });
      expect(await row()).toMatchObject({ state: 'remediated', stateSince: new Date(at(20)) });
    },
  );

  test.each(['would-revoke', 'escalated', 'notified', 'observed', 'failed'] as const)(
    'with a rule that is %s says that it is open',
    async (action) => {
      await record(result(20, { findings: [finding({ action, undo: null })] }));
      expect(await row()).toMatchObject({ state: 'open', seenAt: new Date(at(20)) });
    },
  );

  test('stays remediated when a sweep then does not list it, and opens again when one does', async () => {
    await sweep(10);
    await record(revoked(20));
    expect(await sweep(30, [])).toMatchObject({ resolved: [] });
    expect(await row()).toMatchObject({ state: 'remediated' });
    await sweep(40, [observed({ ruleId: 'sgr-other' })]);
    expect(await row()).toMatchObject({ state: 'open' });
    expect(await changes()).toEqual([
      ...['new>open sweep-10', 'open>remediated event-20', 'remediated>open sweep-40'],
    ]);
  });

  test('is not undone by a listing that still has the revoked rule', async () => {
    await record(revoked(20));
    await sweep(21);
    await record(result(22, { outcome: 'failed', findings: [finding({ action: 'failed' })] }));
    expect(await row()).toMatchObject({ state: 'remediated' });
  });

  test.each(['clean', 'group-gone', 'rule-gone'] as const)(
    '%s resolves what the group had',
    async (outcome) => {
      const other = observed({ groupId: 'sg-other' });
      await sweep(10, [ssh, other]);
      expect(await record(clean(20, { outcome }))).toMatchObject({ resolved: [id] });
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
    expect(await record(clean(20, change))).toMatchObject({ resolved: [] });
    expect(await row()).toMatchObject({ state: 'open' });
  });

  test('that began before the newest reading of the group resolves nothing', async () => {
    await sweep(20);
    const timeline = { eventTime: null, receivedAt: at(19), revokedAt: null };
    await record(clean(30, { timeline }));
    expect(await row()).toMatchObject({ state: 'open' });
  });

  test('that is late adds what a later reading of its group or cell resolved', async () => {
    await record(clean(20));
    await record(open(10));
    expect(await row()).toMatchObject({
      state: 'resolved',
      firstSeen: new Date(at(10)),
      stateSince: new Date(at(20)),
    });
    await sweep(30, []);
    const late = finding({ fromPort: 80, toPort: 80, action: 'observed', undo: null, ruleId: 'sgr-8' });
    await record(result(11, { outcome: 'observed', findings: [late] }));
    const port80 = findingId({ ...cell, groupId, ingress: 'tcp 80 80 0.0.0.0/0' });
    expect(await row(port80)).toMatchObject({ state: 'resolved', stateSince: new Date(at(30)) });
  });

  test('excepts a known rule by its id, and a later reading decides again', async () => {
    await sweep(10);
    const unknown = { ...excepted, ruleId: 'sgr-unknown' };
    const changed = await record(result(20, { outcome: 'excepted', excepted: [excepted, unknown] }));
    expect(changed).toMatchObject({ excepted: [id], opened: [] });
    expect(await row()).toMatchObject({ state: 'excepted', exceptions: [{ name: 'b', expires: null }] });
    await sweep(30, []);
    expect(await row()).toMatchObject({ state: 'resolved' });
  });

  test('that an exception allows is not resolved by the same result', async () => {
    await sweep(10);
    await record(clean(20, { outcome: 'rule-gone', excepted: [excepted] }));
    expect(await row()).toMatchObject({ state: 'excepted' });
  });

  test('keeps the exposure and the owner that a sweep read', async () => {
    const owner = { by: 'account-tag', tag: 'team', value: 'shop' } as const;
    await sweep(10, [observed({ owner })]);
    await record(open(20));
    expect(await row()).toMatchObject({ exposure: 'reachable', owner: 'shop', seenAt: new Date(at(20)) });
  });

  test('has no finding for the rule of a canary', async ({ database: given }) => {
    await record(result(10, { findings: [finding({ policyRule: 'portcullis-canary' })] }));
    expect(await given.query('select 1 from finding')).toEqual([]);
  });
});
