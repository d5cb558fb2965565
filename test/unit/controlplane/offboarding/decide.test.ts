import { describe, expect, test } from 'vitest';
import {
  type Decision,
  decideAccount,
  decideRegion,
  type RegionStatus,
} from '../../../../controlplane/offboarding/decide.ts';
import { describeSet, digestOf, guard } from '../../../../controlplane/offboarding/guard.ts';
import type { AccountRecord } from '../../../../controlplane/store/accounts.ts';

const everywhere = { organizationalUnits: undefined, exclude: [] };
const elsewhere = { organizationalUnits: ['ou-root-play'], exclude: [] };
const account = (state: AccountRecord['state']) => ({
  ...{ id: '300000000001', state },
  parents: ['r-root', 'ou-root-prod'],
});

describe('an account', () => {
  test.each<[AccountRecord['state'], typeof everywhere | typeof elsewhere, Decision['kind']]>([
    ['ACTIVE', everywhere, 'wanted'],
    ['ACTIVE', elsewhere, 'destroy'],
    ['PENDING_CLOSURE', everywhere, 'destroy'],
    ['DEPARTED', everywhere, 'destroy'],
    ['SUSPENDED', everywhere, 'archive'],
    ['SUSPENDED', elsewhere, 'archive'],
    ['CLOSED', everywhere, 'archive'],
    ['PENDING_ACTIVATION', everywhere, 'unknown'],
    ['UNKNOWN', everywhere, 'unknown'],
    ['UNKNOWN', elsewhere, 'unknown'],
  ])('that is %s, with scope %j, is %s', (state, scope, kind) => {
    expect(decideAccount(account(state), scope).kind).toBe(kind);
  });
});

describe('a Region', () => {
  const wanted: Decision = { kind: 'wanted' };
  const leaving: Decision = { kind: 'destroy', because: 'out of scope' };
  const closed: Decision = { kind: 'archive', because: 'closed' };
  const doubtful: Decision = { kind: 'unknown', because: 'who knows' };
  test.each<[Decision, string[] | undefined, RegionStatus | undefined, Decision['kind']]>([
    [wanted, undefined, undefined, 'wanted'],
    [wanted, undefined, 'enabled', 'wanted'],
    [wanted, ['af-south-1'], 'enabled', 'wanted'],
    [wanted, ['eu-west-1'], undefined, 'destroy'],
    [wanted, ['eu-west-1'], 'enabled', 'destroy'],
    [wanted, ['eu-west-1'], 'disabled', 'archive'],
    [wanted, undefined, 'disabled', 'archive'],
    [wanted, undefined, 'not listed', 'unknown'],
    [wanted, ['eu-west-1'], 'not listed', 'unknown'],
    [leaving, undefined, undefined, 'destroy'],
    [leaving, undefined, 'enabled', 'destroy'],
    [leaving, undefined, 'disabled', 'archive'],
    [leaving, undefined, 'not listed', 'unknown'],
    [closed, undefined, 'enabled', 'archive'],
    [doubtful, ['eu-west-1'], 'disabled', 'unknown'],
  ])('of an account that is %j, with %j to cover and EC2 saying %s, is %s', (of, regions, status, kind) => {
    expect(decideRegion('af-south-1', of, regions, status).kind).toBe(kind);
  });
});

describe('the guard', () => {
  const ids = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `${from + index}`);
  const at = (recorded: number, listed: number, deletions = 0, confirmed: string[] = []) =>
    guard({
      recordedActive: new Set(ids(recorded)),
      listedActive: new Set(ids(listed)),
      confirmed: new Set(confirmed),
      deletions,
      settings: { shrinkPercent: 10, deleteLimit: 10 },
    }).kind;

  test.each([
    [0, 0, 'nothing'],
    [4, 3, 'nothing'],
    [4, 2, 'everything'],
    [20, 18, 'nothing'],
    [19, 17, 'everything'],
    [100, 90, 'nothing'],
    [100, 89, 'everything'],
    [100, 0, 'everything'],
  ])('of %i accounts with %i left in the listing holds %s', (recorded, listed, kind) => {
    expect(at(recorded, listed)).toBe(kind);
  });

  test.each([
    [10, 'nothing'],
    [11, 'deletions'],
  ])('with %i deletions within a day holds %s', (deletions, kind) => {
    expect(at(100, 100, deletions)).toBe(kind);
  });

  test('a shrink also holds the deletions', () => {
    expect(at(4, 2, 50)).toBe('everything');
  });

  test('accounts with a confirmed removal do not count as missing', () => {
    expect(at(4, 2, 0, ['3'])).toBe('nothing');
  });

  test('new accounts do not offset missing ones', () => {
    const facts = {
      confirmed: new Set<string>(),
      deletions: 0,
      settings: { shrinkPercent: 10, deleteLimit: 10 },
    };
    const recordedActive = new Set(ids(10));
    const shifted = new Set(ids(10, 5));
    expect(guard({ ...facts, recordedActive, listedActive: new Set(ids(20)) }).kind).toBe('nothing');
    expect(guard({ ...facts, recordedActive, listedActive: shifted }).kind).toBe('everything');
  });
});

describe('a set', () => {
  const since = new Date('2026-11-01T00:00:00Z');
  const one = {
    ...{ key: 'account-300000000001', accountId: '300000000001', region: null },
    ...{ what: 'destroy' as const, because: 'out of scope', since },
  };
  const two = { ...one, key: 'region-300000000001-eu-west-1', region: 'eu-west-1' };

  test('has the same digest in any order, and another after any change', () => {
    const digest = digestOf([one, two]);
    expect(digestOf([two, one])).toBe(digest);
    const others = [
      [one],
      [one, { ...two, what: 'archive' as const }],
      [one, { ...two, since: new Date(0) }],
      [one, { ...two, key: 'region-300000000001-eu-west-2' }],
    ];
    expect(new Set([digest, ...others.map(digestOf)]).size).toBe(5);
  });

  test('is described in words', () => {
    expect(describeSet([one, two, { ...one, accountId: '300000000002', key: 'x', what: 'archive' }])).toBe(
      'destroy 2 stacks in 1 account; archive the state of, without touching a resource, 1 stack in 1 account',
    );
  });
});
