import type { FaultStage } from './stage.ts';

/** What the log may say of stacks that failed: nothing at all, or what the fault explains, but that one was given up. */
export type Failures = 'none' | 'explained';

interface Counted {
  readonly about: string;
  readonly count: number;
}

const otherThanOnce = (what: string, counts: readonly Counted[]) =>
  counts.filter(({ count }) => count !== 1).map(({ about, count }) => `${what} ${about}: ${count} lines`);

async function adoptionsWrong({ query, accountIds }: FaultStage): Promise<string[]> {
  const counts = await query<Counted>(
    `select coalesce(asked.id, line.id) as about, coalesce(line.count, 0) as count
     from unnest($1::text[]) as asked (id) full join (
       select details ->> 'account' as id, count(*)::int as count from audit
       where what = 'account adopted' group by 1
     ) as line on line.id = asked.id order by 1`,
    [accountIds],
  );
  const strange = counts.filter(({ about }) => !accountIds.includes(about));
  return [
    ...otherThanOnce('account adopted', counts),
    ...strange.map(({ about }) => `account adopted ${about}, which should not be`),
  ];
}

async function endingsWrong({ query }: FaultStage): Promise<string[]> {
  const counts = await query<Counted>(
    `select run.id::text as about, count(audit.id)::int as count
     from run left join audit on audit.what = 'run finished' and audit.details ->> 'run' = run.id::text
     where run.finished_at is not null group by run.id, run.created_at order by run.created_at`,
  );
  return otherThanOnce('run finished', counts);
}

async function failuresWrong({ query }: FaultStage, failures: Failures): Promise<string[]> {
  const lines = await query<{ key: string; message: string; stalled: boolean }>(
    `select details ->> 'key' as key, details ->> 'message' as message,
       coalesce((details ->> 'stalled')::boolean, false) as stalled
     from audit where what = 'stack failed' order by id`,
  );
  return lines
    .filter(({ stalled }) => stalled || failures === 'none')
    .map(({ key, message, stalled }) => `stack failed${stalled ? ', given up' : ''} ${key}: ${message}`);
}

/** Accounts adopted and runs ended without exactly one line that says so, and lines of failures that nothing explains. */
export async function auditWrong(stage: FaultStage, failures: Failures): Promise<string[]> {
  return [
    ...(await adoptionsWrong(stage)),
    ...(await endingsWrong(stage)),
    ...(await failuresWrong(stage, failures)),
  ];
}
