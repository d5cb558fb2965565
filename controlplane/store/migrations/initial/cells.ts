/**
 * Every cell of the active accounts: its trail check, the stacks that may carry its forwarding rule, and what was last
 * verified. `own_ready` is of the Region's stack, `account_ready` of the account's.
 */
export const cellView = `
  create view cell as
    select account.id as account_id, account.name, account.path, account.parents,
      coalesce(account.conditions->'Ready'->>'reason' = 'OutOfScope', false) as out_of_scope,
      part.value->>'region' as region, part.value->'trail'->>'covered' as trail,
      part.value->'denied' is not null as denied,
      own.conditions->'Ready'->>'status' as own_ready, whole.conditions->'Ready'->>'status' as account_ready,
      known.account_id is not null as tried,
      coalesce(known.verified_at is not null and (known.failed_at is null or known.failed_at < known.verified_at), false)
        as is_verified,
      exists (select 1 from missed_event missed where missed.account_id = account.id
        and missed.region = part.value->>'region' and missed.state = 'missed'
        and missed.judged_at > coalesce(known.verified_at, '-infinity')) as event_missed,
      known.verified_at, known.kind, known.milliseconds, known.recorded_milliseconds, known.failed_at, known.message
    from account cross join lateral jsonb_array_elements(account.regions) as part
      left join stack own on own.key = 'region-' || account.id || '-' || (part.value->>'region')
      left join stack whole on whole.key = 'account-' || account.id
      left join cell_verification known
        on known.account_id = account.id and known.region = part.value->>'region'
    where account.state = 'ACTIVE';`;
