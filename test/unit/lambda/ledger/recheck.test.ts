import { describe, expect, it } from 'vitest';
import { findExpiredExceptions } from '../../../../lambda/ledger/expired-exceptions.ts';
import { completeRechecks, readRechecks, scheduleRecheck } from '../../../../lambda/ledger/recheck.ts';
import { memoryLedger } from '../../../worlds/memory-cloud.ts';
import { exceptionOf, policyOf } from '../../../worlds/policy-sample.ts';

const start = Date.parse('2026-03-02T09:00:00Z');
const at = (minutes: number) => new Date(start + minutes * 60_000);
const placeOf = (nth: number) => ({
  account: '300000000001',
  region: 'ap-southeast-1',
  groupId: `sg-${String(nth).padStart(17, '0')}`,
});
const many = Array.from({ length: 40_000 }, (_, nth) => placeOf(nth));
const memory = () => memoryLedger(() => at(0));

/** What DynamoDB counts of a set, about: a byte for each member and the members. */
const bytes = (members: readonly string[]) => members.reduce((sum, member) => sum + member.length + 3, 0);

describe('groups that are due', () => {
  it.each([0, 600])(
    '%i minutes from now, 40,000 of them, leave every item well under 400 kB',
    async (minutes) => {
      const ledger = memory();
      await scheduleRecheck(ledger, many, at(minutes), at(0), true);
      const sizes = await Promise.all(ledger.keys().map(async (key) => bytes(await ledger.members(key))));
      expect(sizes).toHaveLength(16);
      expect(Math.max(...sizes)).toBeLessThan(250_000);
    },
  );

  it('soon are all read in the same minute, once each', async () => {
    const ledger = memory();
    await scheduleRecheck(ledger, many.slice(0, 200), at(4), at(0));
    await scheduleRecheck(ledger, many.slice(0, 200), at(4), at(1));
    expect(await readRechecks(ledger, at(3))).toEqual([]);
    const due = await readRechecks(ledger, at(4));
    expect(due.map(({ groupId }) => groupId).sort()).toEqual(
      many.slice(0, 200).map(({ groupId }) => groupId),
    );
  });

  it('later are all read within 16 minutes, and not again once they are completed', async () => {
    const ledger = memory();
    await scheduleRecheck(ledger, many.slice(0, 200), at(60), at(0));
    const seen: string[] = [];
    for (let minute = 60; minute < 92; minute += 1) {
      const due = await readRechecks(ledger, at(minute));
      await completeRechecks(ledger, due);
      if (minute < 76) seen.push(...due.map(({ groupId }) => groupId));
      else expect(due).toEqual([]);
    }
    expect(seen.sort()).toEqual(many.slice(0, 200).map(({ groupId }) => groupId));
  });

  it('soon come before the later ones, each with the longest due first', async () => {
    const ledger = memory();
    await scheduleRecheck(ledger, many.slice(0, 64), at(20), at(0));
    for (const minute of [33, 31, 32]) await scheduleRecheck(ledger, [placeOf(minute)], at(minute), at(30));
    const due = await readRechecks(ledger, at(35));
    expect(due.length).toBeGreaterThan(3);
    expect(due.slice(0, 3).map(({ from }) => from)).toEqual(
      [31, 32, 33].map((minute) => at(minute).getTime()),
    );
    expect(new Set(due.slice(3).map(({ from }) => from))).toEqual(new Set([at(20).getTime()]));
  });

  it('need at most 18 reads of the schedule', async () => {
    const ledger = memory();
    let reads = 0;
    const counting = {
      ...ledger,
      members(key: string) {
        reads += 1;
        return ledger.members(key);
      },
    };
    for (let minute = 0; minute < 16; minute += 1) {
      reads = 0;
      await readRechecks(counting, at(minute));
      expect(reads).toBeLessThanOrEqual(18);
    }
  });

  it('that an earlier version kept in one item are read and removed from it', async () => {
    const ledger = memory();
    const { account, region, groupId } = placeOf(7);
    await ledger.add('due', [[start, account, region, groupId].join('|')], at(600));
    const found: string[] = [];
    for (let minute = 0; minute < 16; minute += 1) {
      const due = await readRechecks(ledger, at(minute));
      found.push(...due.map((each) => each.groupId));
      await completeRechecks(ledger, due);
    }
    expect(found).toEqual([groupId]);
    expect(await ledger.members('due')).toEqual([]);
  });
});

describe('groups that exceptions name', () => {
  const policyFor = (count: number) =>
    policyOf(
      ['match: {}'],
      `exceptions: [${many.slice(0, count).map(({ account, region, groupId }, nth) => {
        const where = `{ include: [{ accounts: ["${account}"], regions: [${region}], groupIds: [${groupId}] }] }`;
        return exceptionOf({ name: `e-${nth}`, where });
      })}]`,
    );

  it('are split over 16 items, and due once their exceptions are deleted', async () => {
    const ledger = memory();
    await findExpiredExceptions(ledger, policyFor(100), at(0));
    expect(ledger.keys().filter((key) => key.startsWith('exceptions/')).length).toBe(16);
    await findExpiredExceptions(ledger, policyFor(40), at(0));
    expect((await readRechecks(ledger, at(0))).map(({ groupId }) => groupId).sort()).toEqual(
      many.slice(40, 100).map(({ groupId }) => groupId),
    );
  });

  it('that an earlier version kept in one item are compared and removed from it', async () => {
    const ledger = memory();
    const lines = [1, 2].map((nth) => [...Object.values(placeOf(nth)), 'digest'].join(' '));
    await ledger.write('exceptions', lines.join('\n'), at(600));
    await findExpiredExceptions(ledger, policyOf(['match: {}']), at(0));
    expect((await readRechecks(ledger, at(0))).map(({ groupId }) => groupId).sort()).toEqual(
      [1, 2].map((nth) => placeOf(nth).groupId),
    );
    expect(await ledger.read('exceptions')).toBe('');
  });
});
