/** A group with an escalated rule that is open, as its last result says. */
export interface OpenEscalation {
  readonly accountId: string;
  readonly region: string;
  readonly groupId: string;
  /** Since when, by the result. */
  readonly time: Date;
}

/** The schedule closes such a rule within minutes; one whose last result is older than a day was reported long ago. */
export const openEscalations = `select account_id, region, group_id, time from remediation r
  where outcome = 'escalated' and time > now() - interval '1 day' and not exists (select 1 from remediation later
    where later.account_id = r.account_id and later.group_id = r.group_id and later.time > r.time)`;
