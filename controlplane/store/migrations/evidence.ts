/**
 * Every result of an event and group as received, where there is more than one; counts of failures that decide when a
 * key is tried again; tokens that grow although the rows of released leases are deleted; and indexes.
 */
export const evidenceMigration = `
  alter table remediation add column received jsonb;
  create index remediation_account on remediation (account_id, time);
  create index run_requested on run (requested_by text_pattern_ops, created_at);
  create index run_unfinished on run (created_at) where finished_at is null;
  create index run_stack_key on run_stack (key);
  alter table run add column plan_attempts integer not null default 0;
  alter table account add column failed_looks integer not null default 0;
  alter table stack add column disturbances integer not null default 0;
  create sequence lease_token;
  select setval('lease_token', coalesce((select max(token) from lease), 0) + 1);
  delete from lease where expires_at = '-infinity';`;
