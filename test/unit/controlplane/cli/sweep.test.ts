import { describe, expect, test } from 'vitest';
import type { Client, SweepView } from '../../../../controlplane/cli/client/http.ts';
import { followSweep, renderSweep } from '../../../../controlplane/cli/commands/sweep.ts';
import { sweepLine, sweepStanding } from '../../../../controlplane/cli/sweep/progress.ts';
import type { SweepCell, SweepCounts } from '../../../../controlplane/store/sweeps/sweep.ts';

const counts = (change: Partial<SweepCounts> = {}): SweepCounts => ({
  ...{ accounts: 10, accountsWaiting: 0, accountsNotChecked: 0, accountsInactive: 0 },
  ...{ cells: 170, done: 0, waiting: 170 },
  ...{ notChecked: 0, groups: 0, findings: 0, undecided: 0 },
  ...change,
});

describe('the progress of a sweep', () => {
  test('has cells, rate, findings and time left', () => {
    const now = counts({ done: 80, notChecked: 5, findings: 1234 });
    const standing = sweepStanding(now, { ended: 5, seconds: 8 });
    expect(standing).toEqual({ total: 170, ended: 85, rate: 10, secondsLeft: 9 });
    expect(sweepLine(now, standing)).toBe(
      '85 of 170 cells, 10 cells/s, 1,234 findings, 5 not checked, about 9 s left',
    );
  });

  test('guesses the cells of accounts whose Regions are not listed yet', () => {
    const now = counts({ accounts: 5000, accountsWaiting: 4990, done: 100 });
    const standing = sweepStanding(now, { ended: 0, seconds: 10 });
    expect(standing).toMatchObject({ total: 85_000, rate: 10, secondsLeft: 8490 });
    expect(sweepLine(now, standing)).toContain('100 of about 85,000 cells');
    expect(sweepLine(now, standing)).toContain('about 2 h left');
  });

  test('has no rate before a cell ended', () => {
    expect(sweepStanding(counts(), { ended: 0, seconds: 3 })).toMatchObject({ rate: undefined });
  });
});

const view = (change: Partial<SweepCounts>): SweepView => ({
  ...{ id: 'an-id', scope: {}, requestedBy: 'ada', scheduled: false, state: 'done' },
  ...{ policyDigest: 'd', createdAt: new Date(0), finishedAt: new Date(1), counts: counts(change) },
});

describe('the exit code of a sweep', () => {
  const exitOf = (sweep: SweepView) => {
    const client = { sweepState: async () => sweep, cellsNotChecked: async () => [] } as unknown as Client;
    const terminal = { screen: { write: () => undefined }, json: true, complain: () => undefined };
    return followSweep(client, sweep.id, terminal as never);
  };

  test.each([
    ['0 where nothing is forbidden', {}, 0],
    ['3 where something is forbidden', { findings: 1 }, 3],
    ['3 where a rule could not be evaluated', { undecided: 1 }, 3],
    ['4 where a cell was not checked', { notChecked: 1 }, 4],
    ['4 where a cell was not checked and others have findings', { notChecked: 1, findings: 1 }, 4],
    ['4 where an account could not be entered', { accountsNotChecked: 3, accountsInactive: 2 }, 4],
    [
      '0 where the accounts that were not read are not active',
      { accountsNotChecked: 2, accountsInactive: 2 },
      0,
    ],
  ])('is %s', async (_, change, exit) => {
    expect(await exitOf(view(change))).toBe(exit);
  });

  test('is 1 where it was cancelled', async () => {
    expect(await exitOf({ ...view({ findings: 1 }), state: 'cancelled' })).toBe(1);
  });
});

describe('the end of a sweep', () => {
  const cell = (region: string | null, reason: string): SweepCell => ({
    ...{ accountId: '300000000001', region, state: 'not-checked', reason, groups: null, findings: null },
    ...{ undecided: null, policyDigest: null, attempts: 3, readAt: null, endedAt: new Date(1) },
  });

  test('names what was not checked, and says that nothing in it is clean', () => {
    const text = renderSweep(
      view({ done: 168, notChecked: 2, accountsNotChecked: 60, accountsInactive: 1 }),
      [cell('eu-west-1', 'denied\u001b[31m'), cell(null, 'the account is SUSPENDED')],
    );
    expect(text).toContain('300000000001 eu-west-1       denied [31m');
    expect(text).toContain('300000000001 (every Region)  the account is SUSPENDED');
    expect(text).toContain('and 60 more: GET /v1/sweeps/an-id?state=not-checked');
    expect(text).toContain('not active, so not read: 1 accounts');
    expect(text).toMatch(
      /not checked: 2 cells, and every Region of 59 accounts; nothing in them counts as clean/,
    );
  });

  test('says so where every cell was read', () => {
    expect(renderSweep(view({ done: 170, waiting: 0 }), [])).toContain('every cell was read');
  });
});
