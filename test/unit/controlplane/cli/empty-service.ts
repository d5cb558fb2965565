const none = {
  ...{ accounts: 0, accountsNotRead: 0, accountsReady: 0, accountsOutOfScope: 0 },
  ...{ stacks: 0, stacksReady: 0, stacksDrifted: 0, cells: 0, covered: 0, notCovered: 0, notChecked: 0 },
  ...{ verified: 0, notVerified: 0, lastVerifiedAt: null, earliestVerifiedAt: null },
};

/** What a service that knows no account answers to `portcullis status`, by path. */
export const emptyAnswers: Readonly<Record<string, object>> = {
  '/v1/status': {
    uninstall: null,
    policy: { mode: 'revoke', digest: '0', since: null, by: null },
    protection: { cells: 0, protected: 0, observed: 0, notCovered: 0, notChecked: 0, accountsNotRead: 0 },
    ...{ waiting: [], total: none, groups: [], moreGroups: 0, remarks: [], moreRemarks: 0, warnings: [] },
    ...{ hub: null, escalations: [], openEscalations: 0 },
  },
  '/readyz': { status: 'ready' },
};
