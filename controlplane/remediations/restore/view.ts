import type { Restore } from '../../store/restores.ts';

/** As in the API: without the rules' permissions, which are in the remediation. */
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
