import type { Seen } from '../../../../controlplane/cli/commands/status.ts';
import type { Counts, Group } from '../../../../controlplane/store/fleet/status.ts';

export const countsOf = (change: Partial<Counts> = {}): Counts => ({
  ...{ accounts: 1, accountsNotRead: 0, accountsReady: 1, accountsOutOfScope: 0 },
  ...{ stacks: 3, stacksReady: 3, stacksDrifted: 0, cells: 2, covered: 2, notCovered: 0, notChecked: 0 },
  ...{ verified: 0, notVerified: 0, lastVerifiedAt: null, earliestVerifiedAt: null },
  ...change,
});

export const groupOf = (change: Partial<Group> = {}): Group => ({
  ...countsOf(),
  ...{ path: 'Production', account: { id: '300000000001', name: 'one', state: 'ACTIVE' } },
  ...change,
});

/** The status of one healthy account, with changes. */
export const statusOf = (change: Partial<Seen> = {}): Seen => ({
  policy: {
    ...{ mode: 'revoke', digest: 'a'.repeat(64) },
    ...{ since: new Date('2026-03-02T09:15:00Z'), by: 'ops' },
  },
  uninstall: null,
  protection: { cells: 2, protected: 2, observed: 0, notCovered: 0, notChecked: 0, accountsNotRead: 0 },
  ...{ waiting: [], total: countsOf(), groups: [groupOf()], moreGroups: 0, remarks: [], moreRemarks: 0 },
  ...{ warnings: [], hub: { ready: 'True', message: '' }, escalations: [], openEscalations: 0 },
  notReady: null,
  ...change,
});
