/**
 * Every deletion of a stack, which nothing overwrites, and questions about changed settings beside those about the
 * listing.
 */
export const scopeMigration = `
  create table deletion (
    id bigint generated always as identity primary key,
    key text not null,
    departed_at timestamptz not null,
    account_id text not null,
    region text,
    because text not null,
    confirmation_id uuid,
    at timestamptz not null,
    unique (key, departed_at)
  );
  create index deletion_at on deletion (at);
  create function deletion_is_append_only() returns trigger language plpgsql as
    $$ begin raise exception 'the record of deletions is append-only'; end $$;
  create trigger deletion_is_append_only before update or delete on deletion
    for each row execute function deletion_is_append_only();
  insert into deletion (key, departed_at, account_id, region, because, confirmation_id, at)
    select key, since, account_id, region, because, confirmation_id, done_at from offboarding
    where what = 'destroy' and done_at > now() - interval '1 day';
  drop index confirmation_one_open;
  create unique index confirmation_one_open on confirmation ((hold = 'settings')) where state = 'open';`;
