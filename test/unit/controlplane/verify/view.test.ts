import { describe, expect, test } from 'vitest';
import type { Client } from '../../../../controlplane/cli/client/http.ts';
import { renderVerification, verifyCells } from '../../../../controlplane/cli/commands/verify.ts';
import type { AccountRecord } from '../../../../controlplane/store/accounts.ts';
import type { Canary, CellVerification } from '../../../../controlplane/store/canaries.ts';
import { cellsOf } from '../../../../controlplane/verify/cells.ts';
import { verifiedCondition } from '../../../../controlplane/verify/coverage.ts';

const trail = { covered: true, trailArn: 'a' } as const;
const account = (id: string, state = 'ACTIVE', parents = ['ou-1']) =>
  ({
    ...{ id, state, parents, name: id, path: 'Production', conditions: {} },
    regions: ['eu-central-1', 'eu-west-1'].map((region) => ({ region, trail })),
  }) as unknown as AccountRecord;
const one = '300000000001';
const fleet = [
  account(one),
  account('300000000002', 'ACTIVE', ['ou-2']),
  account('399999999999', 'SUSPENDED'),
];

const proof = (region: string, change: Partial<CellVerification> = {}): CellVerification => ({
  ...{
    accountId: one,
    region,
    verifiedAt: new Date('2026-11-23T21:00:00Z'),
    kind: 'end-to-end',
    milliseconds: 700,
  },
  ...{ recordedMilliseconds: 900, failedAt: null, message: null },
  ...change,
});
const failure = { failedAt: new Date('2026-11-23T22:00:00Z'), message: 'no trail' };

describe('the cells of a scope', () => {
  test('are every Region of every active account', () => {
    expect(cellsOf(fleet, {})).toHaveLength(4);
    expect(cellsOf(fleet, { accounts: [one], regions: ['eu-west-1'] })).toEqual([
      { accountId: one, region: 'eu-west-1' },
    ]);
    expect(cellsOf(fleet, { organizationalUnits: ['ou-2'] })).toHaveLength(2);
  });

  test('are an error where there are none: verifying nothing proves nothing', () => {
    expect(() => cellsOf([], {})).toThrow(/run `portcullis reconcile --all` first/);
    expect(() => cellsOf(fleet, { accounts: ['399999999999'] })).toThrow(/not an active account/);
    expect(() => cellsOf(fleet, { accounts: [one], organizationalUnits: ['ou-2'] })).toThrow(/no cell/);
  });
});

describe("an account's condition Verified", () => {
  test.each([
    ['True', 'Verified', [proof('eu-central-1'), proof('eu-west-1')]],
    ['Unknown', 'NeverVerified', [proof('eu-west-1')]],
    ['False', 'NotVerified', [proof('eu-west-1', failure)]],
    ['False', 'NotVerified', [proof('eu-central-1'), proof('eu-west-1', { ...failure, verifiedAt: null })]],
    ['True', 'Verified', [proof('eu-central-1', { failedAt: new Date(0) }), proof('eu-west-1')]],
  ] as const)('is %s, %s', (status, reason, cellVerifications) => {
    expect(verifiedCondition(account(one), cellVerifications)).toMatchObject({ status, reason });
  });
});

test('a verification is a table with the reasons below it', () => {
  const canary = (region: string, change: object) =>
    ({
      accountId: one,
      region,
      kind: null,
      milliseconds: null,
      recordedMilliseconds: null,
      message: null,
      ...change,
    }) as Canary;
  const text = renderVerification({
    cells: [
      canary('eu-west-1', {
        state: 'verified',
        kind: 'end-to-end',
        milliseconds: 740,
        recordedMilliseconds: 910,
      }),
      canary('us-east-1', {
        state: 'verified',
        kind: 'path',
        milliseconds: 80,
        message: 'no group was made: no VPC',
      }),
      canary('us-west-2', { state: 'failed', message: 'CloudTrail: no trail' }),
    ],
  });
  expect(text).toMatch(/eu-west-1\s+end-to-end\s+0\.7 s\s+0\.9 s/);
  expect(text).toMatch(/us-east-1\s+path\s+-/);
  expect(text).toContain('300000000001 us-west-2: CloudTrail: no trail');
  expect(text).toContain('2 of 3 cells verified');
});

describe('portcullis verify', () => {
  const answered = async (...states: string[]) => {
    let out = '';
    const cells = states.map((state, index) => ({
      ...{ id: String(index), accountId: one, region: `eu-west-${index}`, state, kind: null, message: null },
      ...{ milliseconds: null, recordedMilliseconds: null },
    }));
    const view = { id: 'v', finishedAt: '2026-11-23T21:00:00Z', cells };
    const client = { verify: async () => view, verification: async () => view } as unknown as Client;
    const screen = { write: (text: string) => (out += text) };
    const exit = await verifyCells(client, {}, { screen, json: false, complain: () => undefined });
    return { exit, out };
  };

  test('ends with 0 where every cell was verified, else with 3, and says each as it ends', async () => {
    expect(await answered('verified', 'verified')).toMatchObject({ exit: 0 });
    const { exit, out } = await answered('verified', 'failed');
    expect(exit).toBe(3);
    expect(out).toMatch(/^verified {2}300000000001 eu-west-0\nfailed {4}300000000001 eu-west-1\n/);
  });
});
