import { expect, test } from 'vitest';
import { renderStatus, type Seen } from '../../../../controlplane/cli/commands/status.ts';
import { countsOf, groupOf, statusOf } from './status-sample.ts';

const waitingFor = (change: object) =>
  [
    {
      ...{ id: 'c1', kind: 'policy-mode', state: 'open', why: 'settings changed', expiresAt: new Date(0) },
      about: 'lower the policy: rule ssh from revoke to observe',
      ...change,
    },
  ] as Seen['waiting'];

test('status begins with the policy in force, the protection, what is escalated and what waits', () => {
  const seen = statusOf({
    protection: { cells: 9, protected: 4, observed: 0, notCovered: 3, notChecked: 2, accountsNotRead: 1 },
    total: countsOf({
      ...{ cells: 9, verified: 4, lastVerifiedAt: new Date('2026-03-05T10:20:30Z') },
      earliestVerifiedAt: new Date('2026-03-03T10:20:30Z'),
    }),
    ...{ openEscalations: 1, waiting: waitingFor({}) },
  });
  expect(renderStatus(seen).text.split('\n').slice(0, 9)).toEqual([
    'Policy      mode revoke',
    '            digest aaaaaaaaaaaa, in force since 2026-03-02T09:15Z, by ops',
    'Cells       4 protected, 0 observed, 3 not covered, 2 not checked',
    '            of 9 cells and 1 accounts not read yet',
    'Escalated   1 open',
    'Waiting     1 for confirmation',
    'Verified    2026-03-05T10:20Z; 4 of 9 cells, the earliest 2026-03-03T10:20Z',
    'Hub         ready',
    '',
  ]);
});

test('an account that is well is a line of its own, and the fleet is healthy', () => {
  const { text, healthy } = renderStatus(statusOf());
  expect(healthy).toBe(true);
  expect(text).toMatch(/^ACCOUNT .*\n300000000001 +one +active +3\/3 +2\/2 +0 +0 +0 +0\/2$/m);
  expect(text).toContain('Verified    never');
});

test.each([
  [
    'accounts with long names',
    { account: { id: '300000000001', name: 'n'.repeat(50), state: 'PENDING_ACTIVATION' } },
    { stacks: 35, stacksReady: 33, cells: 34, covered: 30, notCovered: 3, notChecked: 1, verified: 29 },
    '30/34',
  ],
  [
    'organizational units with long names and large numbers',
    { account: null, path: 'Root / Division / Department / Team / Environment / Part' },
    {
      ...{ accounts: 5000, stacks: 90_000, stacksReady: 88_000, cells: 85_000, covered: 80_000 },
      ...{ notCovered: 4000, notChecked: 1000, stacksDrifted: 1000, verified: 70_000 },
    },
    '80000/85000',
  ],
])('the table fits 80 columns with %s', (_, change, counts, shown) => {
  const groups = [groupOf({ ...countsOf(counts), ...change }), groupOf(change)];
  const lines = renderStatus(statusOf({ groups })).text.split('\n');
  const fleet = lines.slice(lines.indexOf('') + 1);
  expect(fleet).toHaveLength(3);
  for (const line of fleet) expect(line.length).toBeLessThanOrEqual(80);
  expect(fleet[1]).toContain(shown);
});

test('with organizational units, a line has how many accounts are in it', () => {
  const { text } = renderStatus(
    statusOf({ groups: [groupOf({ account: null, accounts: 70 })], moreGroups: 3 }),
  );
  expect(text).toMatch(/^UNIT +ACCOUNTS .*\nProduction +70 /m);
  expect(text).toContain('and 3 more organizational units');
});

test.each<[string, Partial<Seen>, string]>([
  [
    'no account is known',
    { total: countsOf({ accounts: 0, accountsReady: 0 }), groups: [] },
    'no account seen yet',
  ],
  [
    'something is unhealthy',
    { remarks: [{ about: 'region-1', what: 'not ready', message: 'broke\u001b[2J' }] },
    'region-1 not ready: broke [2J',
  ],
  ['more is unhealthy than is shown', { moreRemarks: 7 }, 'and 7 more: '],
  [
    'a cell was not checked yet and nothing else is unhealthy',
    { total: countsOf({ covered: 1, notChecked: 1 }) },
    'some cells are not covered or not checked: GET /v1/coverage lists them',
  ],
  [
    'the Regions of an account are not known yet',
    { protection: { ...statusOf().protection, accountsNotRead: 2 } },
    '2 accounts not read yet: their Regions are unknown',
  ],
  ['the service is not ready', { notReady: 'no policy' }, 'not ready: no policy'],
  [
    'an escalated rule is open',
    {
      escalations: [
        {
          accountId: '300000000001',
          region: 'eu-west-1',
          groupId: 'sg-1',
          time: '2026-11-30T10:00:00.000Z' as unknown as Date,
        },
      ],
      openEscalations: 3,
    },
    'ESCALATED AND OPEN: sg-1 in 300000000001 eu-west-1 since 2026-11-30T10',
  ],
  [
    'an edit that lowers the policy waits',
    { waiting: waitingFor({}) },
    'policy held: the file would lower the policy: rule ssh from revoke to observe; the hub keeps the last confirmed policy until portcullis confirm c1, or refuse',
  ],
  [
    'a deletion waits',
    { waiting: waitingFor({ kind: 'offboarding', about: 'destroy 9 stacks' }) },
    'a person has to confirm: destroy 9 stacks, because settings changed; portcullis confirm c1, or refuse',
  ],
])('status is not healthy where %s, and says so', (_, change, line) => {
  const { text, healthy } = renderStatus(statusOf(change));
  expect(healthy).toBe(false);
  expect(text).toContain(line);
});

test.each<[string, Partial<Seen>, string]>([
  [
    'a person refused an edit',
    { waiting: waitingFor({ state: 'refused' }) },
    'policy refused: the file would lower',
  ],
  [
    'a trail that covers has a warning',
    { warnings: [{ about: '300000000001', what: 'trail warning', message: 'logs are not delivered' }] },
    '300000000001 trail warning: logs are not delivered',
  ],
  [
    'the policy revokes nothing',
    { policy: { mode: 'observe', digest: 'b'.repeat(64), since: null, by: null } },
    'mode observe (nothing is revoked; docs/policy.md says how to change it)\n            digest bbbbbbbbbbbb, not in force yet',
  ],
])('status says that %s, and is healthy', (_, change, line) => {
  const { text, healthy } = renderStatus(statusOf(change));
  expect(healthy).toBe(true);
  expect(text).toContain(line);
});

test.each<[NonNullable<Seen['uninstall']>['state'], string]>([
  ['in-progress', 'Uninstall   in progress: 5 stacks remain, 2 could not be removed'],
  ['stuck', 'Uninstall   waits for a person: 5 stacks remain, 2 could not be removed'],
  ['finished', 'Uninstall   finished: 5 stacks remain, 2 could not be removed'],
])('status of an installation whose uninstall is %s begins with it', (state, line) => {
  const asked = { by: 'erin', requestedAt: '2026-03-02T09:15:00.000Z', finishedAt: null };
  const seen = statusOf({ uninstall: { state, ...asked, remaining: 5, left: 2 } });
  expect(renderStatus(seen).text.split('\n').slice(0, 2)).toEqual([
    line,
    '            requested by erin, 2026-03-02T09:15Z',
  ]);
});
