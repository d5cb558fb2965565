/** The policies that were in force, the last one with the highest id, and questions about the mode of a policy. */
export const policyMigration = `
  create table confirmed_policy (
    id bigint generated always as identity primary key,
    digest text not null,
    text text not null,
    confirmed_by text not null,
    confirmed_at timestamptz not null
  );
  alter table confirmation add column if not exists kind text not null default 'offboarding';
  alter table confirmation add column policy jsonb;
  alter table confirmation add column policy_text text;
  drop index if exists confirmation_one_open;
  create unique index confirmation_one_open on confirmation (kind, (hold = 'settings')) where state = 'open';`;
