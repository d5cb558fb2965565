import {
  type CoverageChange,
  coverageChange,
  type KnownCoverage,
  knownAfter,
} from '../../stacks/coverage.ts';
import type { CoverageEvent } from '../../stacks/coverage-event.ts';
import type { RegionCoverage } from '../../stacks/trail-check.ts';
import { writeAudit } from '../audit/entries.ts';
import type { Database, Query } from '../database/database.ts';
import { firstValue, inTransaction } from '../database/query.ts';

/** A change of coverage to report to people. */
export interface CoverageNotice {
  readonly id: string;
  /** The same for all accounts that lost, or regained, coverage for the same reason. */
  readonly theme: string;
  readonly event: CoverageEvent;
  /** The channels that were notified already. */
  readonly notified: readonly string[];
}

type Changed = CoverageChange['lost'];
type Account = { readonly id: string; readonly name: string };

const sentence = (name: string, id: string, change: CoverageEvent['change'], regions: Changed): string => {
  const where =
    regions.length > 3 ? `${regions.length} Regions` : regions.map(({ region }) => region).join(', ');
  const [first] = regions.flatMap(({ problems }) => problems);
  return change === 'lost'
    ? `Account ${name} (${id}) gets no events in ${where} any more: ingress opened there is not seen. ${first?.message}. Fix: ${first?.mend}`
    : `Account ${name} (${id}) gets events in ${where} again. What was opened meanwhile was not seen: look at its security groups`;
};

async function record(
  query: Query,
  account: Account,
  change: CoverageEvent['change'],
  regions: Changed,
): Promise<void> {
  if (regions.length === 0) return;
  const id = crypto.randomUUID();
  const event: CoverageEvent = {
    schemaVersion: 1,
    id,
    time: new Date().toISOString(),
    change,
    account: account.id,
    accountName: account.name,
    summary: sentence(account.name, account.id, change, regions),
    regions: regions.map((one) => ({ ...one, problems: one.problems.slice(0, 5) })),
  };
  const [first] = regions;
  const theme = [change, first?.trail, first?.problems[0]?.cause].join(' ');
  await query(
    `insert into coverage_notice (id, account_id, change, theme, event, found_at) values ($1, $2, $3, $4, $5, now())`,
    [id, account.id, change, theme, JSON.stringify(event)],
  );
  await writeAudit(query, {
    who: 'portcullis',
    what: change === 'lost' ? 'coverage lost' : 'coverage regained',
    details: { account: account.id, notice: id, regions: event.regions },
  });
}

const knownColumn = 'select known from coverage where account_id = $1';

async function observe(
  query: Query,
  account: Account,
  before: readonly RegionCoverage[],
  found: readonly RegionCoverage[],
): Promise<void> {
  await query(
    'insert into coverage (account_id, known, updated_at) values ($1, $2, now()) on conflict do nothing',
    [account.id, JSON.stringify(knownAfter([], before))],
  );
  const known = (await firstValue<KnownCoverage[]>(query, `${knownColumn} for update`, [account.id])) ?? [];
  const { lost, regained } = coverageChange(known, found);
  await record(query, account, 'lost', lost);
  await record(query, account, 'regained', regained);
  await query('update coverage set known = $2, updated_at = now() where account_id = $1', [
    account.id,
    JSON.stringify(knownAfter(known, found)),
  ]);
}

export function coverageStore({ query, transaction }: Database) {
  return {
    /** What was last known of an account; empty when it was never inspected. */
    known: async (accountId: string) =>
      (await firstValue<KnownCoverage[]>(query, knownColumn, [accountId])) ?? [],
    /**
     * Records what reading the trails found and, with an audit line, each change as a notice, all or nothing. The same
     * finding again is no change. `before` is what the account showed where nothing is known yet.
     */
    observe: inTransaction({ transaction }, observe),
    /** Notices of an account that some channel did not get yet, the oldest first. */
    pending: (accountId: string) =>
      query<CoverageNotice>(
        `select id, theme, event, notified from coverage_notice
         where account_id = $1 and done_at is null order by number`,
        [accountId],
      ),
    async notified(id: string, channel: string) {
      await query('update coverage_notice set notified = notified || $2::jsonb where id = $1', [
        id,
        JSON.stringify([channel]),
      ]);
    },
    async done(id: string) {
      await query('update coverage_notice set done_at = now() where id = $1', [id]);
    },
    /** How many notices of the theme a channel got in the last so many minutes. */
    notifiedLately: async (theme: string, channel: string, minutes: number) =>
      (await firstValue<number>(
        query,
        `select count(*)::int from coverage_notice
         where theme = $1 and notified @> $2::jsonb and found_at > now() - make_interval(mins => $3::int)`,
        [theme, JSON.stringify([channel]), minutes],
      )) ?? 0,
  };
}

export type CoverageStore = ReturnType<typeof coverageStore>;
