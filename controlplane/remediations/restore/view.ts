import type { Restore } from '../../store/restores.ts';

/** A restore as the API shows it: without what it takes to put the rules back, which its remediation has. */
export type RestoreView = ReturnType<typeof viewOfRestore>;

/** Pure. */
export const viewOfRestore = ({ rules, eventId, ...restore }: Restore) => ({
  ...restore,
  remediation: `${eventId}:${restore.groupId}`,
  rules: rules.map(({ ruleId, exceptionName, restoredRuleId }) => ({
    ruleId,
    exception: exceptionName,
    restoredRuleId,
  })),
});
