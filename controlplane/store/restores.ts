import type { Undo } from '../../lambda/contract/result.ts';
import type { Exception } from '../../lambda/policy/schema/exception.ts';
import { PortcullisError } from '../settings/errors.ts';
import type { AuditedAct } from './audit/acts.ts';
import { type AuditEntry, writeAudit } from './audit/entries.ts';
import type { Database, Query } from './database/database.ts';
import { guardLease, type Holder } from './database/lease-guard.ts';
import { firstColumn, firstRow, inTransaction, rowsOf } from './database/query.ts';
import { endExceptions, keepException, narrowException } from './exceptions.ts';

/**
 * `pending`: recorded, the hub does not carry the exceptions yet; `exception-deployed`: it does, the rules are being
 * put back; `restored` and `failed` are the ends.
 */
export type RestoreState = 'pending' | 'exception-deployed' | 'restored' | 'failed';

/** One security group rule to put back, and the exception that lets it stay. */
export interface RestoreRule {
  readonly ruleId: string;
  readonly exceptionName: string;
  readonly undo: Undo;
  /** The id that the rule has now; null until it is there again. */
  readonly restoredRuleId: string | null;
  readonly restoredAt: Date | null;
}

export interface Restore {
  readonly id: string;
  readonly eventId: string;
  readonly groupId: string;
  readonly accountId: string;
  readonly region: string;
  readonly state: RestoreState;
  /** Why it failed. */
  readonly reason: string | null;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly finishedAt: Date | null;
  readonly rules: readonly RestoreRule[];
}

export interface NewRestore
  extends Pick<Restore, 'id' | 'eventId' | 'groupId' | 'accountId' | 'region' | 'requestedBy'> {
  /** Lets just these rules through. */
  readonly exception: Exception;
  readonly rules: readonly { readonly ruleId: string; readonly undo: Undo }[];
}

/** Lets no other restore of the same remediation begin before this transaction ends. */
async function refuseSecond(query: Query, { eventId, groupId, rules }: NewRestore): Promise<void> {
  await query('select 1 from remediation where event_id = $1 and group_id = $2 for update', [
    eventId,
    groupId,
  ]);
  const [other] = await query<{ id: string; state: RestoreState; ruleId: string }>(
    `select r.id, r.state, rule.rule_id from restore r join restore_rule rule on rule.restore_id = r.id
     where r.event_id = $1 and r.group_id = $2 and rule.rule_id = any($3)
       and (r.state <> 'failed' or rule.restored_at is not null)
     order by r.requested_at desc limit 1`,
    [eventId, groupId, rules.map(({ ruleId }) => ruleId)],
  );
  if (!other) return;
  throw new PortcullisError(
    'conflict',
    `${other.ruleId} has restore ${other.id} already, which is ${other.state}; if the rule was closed again since, restore the remediation that closed it`,
  );
}

async function create(query: Query, restore: NewRestore): Promise<void> {
  const { id, eventId, groupId, accountId, region, requestedBy, exception, rules } = restore;
  await refuseSecond(query, restore);
  await query(
    `insert into restore (id, event_id, group_id, account_id, region, state, requested_by, requested_at)
     values ($1, $2, $3, $4, $5, 'pending', $6, now())`,
    [id, eventId, groupId, accountId, region, requestedBy],
  );
  const details = {
    ...{ restore: id, remediation: `${eventId}:${groupId}`, account: accountId, region },
    rules: rules.map(({ ruleId }) => ruleId),
  };
  await writeAudit(query, { who: requestedBy, what: 'restore requested', details });
  await keepException(query, { exception, eventId, groupId, createdBy: requestedBy });
  await query(
    `insert into restore_rule (restore_id, rule_id, exception_name, undo)
     select $1, rule_id, $2, undo from jsonb_populate_recordset(null::restore_rule, $3::jsonb)`,
    [id, exception.name, rowsOf(rules)],
  );
}

/** Who acts where no caller asked. */
const service = 'portcullis';

/** Ends a restore once; one that has ended stays as it is. True when this call ended it. */
async function end(
  query: Query,
  id: string,
  state: 'restored' | 'failed',
  reason: string | null,
): Promise<boolean> {
  const [ended] = await query<{ remediation: string }>(
    `update restore set state = $2, reason = $3, finished_at = now() where id = $1 and finished_at is null
     returning event_id || ':' || group_id as remediation`,
    [id, state, reason],
  );
  if (!ended) return false;
  const what: AuditedAct = state === 'restored' ? 'restore done' : 'restore failed';
  const details: AuditEntry['details'] = { restore: id, ...ended, ...(reason !== null && { reason }) };
  await writeAudit(query, { who: service, what, details });
  return true;
}

async function fail(query: Query, id: string, reason: string, needed: readonly Exception[]): Promise<void> {
  if (!(await end(query, id, 'failed', reason))) return;
  const all = await firstColumn(
    query,
    'select distinct exception_name from restore_rule where restore_id = $1',
    [id],
  );
  const kept = new Set(needed.map(({ name }) => name));
  const names = all.filter((name) => !kept.has(name));
  const because = `restore ${id} failed`;
  await endExceptions(query, names, service, { because });
  for (const exception of needed) await narrowException(query, exception, service, { because });
}

/** Every change of a restore under way is its worker's alone: it is written under the lease, or refused. */
export function restoreStore({ query, transaction }: Database) {
  const guarded = (id: string, holder: Holder, work: (within: Query) => Promise<unknown>) =>
    transaction(async (within) => {
      await guardLease(within, `restore:${id}`, holder);
      await work(within);
    });
  return {
    /**
     * Records the intent, with its exception and audit lines, all or nothing.
     * @throws PortcullisError `conflict` where one of the rules has a restore that did not fail already.
     */
    create: inTransaction({ transaction }, create),
    async get(id: string): Promise<Restore | undefined> {
      const row = await firstRow<Omit<Restore, 'rules'>>(
        query,
        `select id, event_id, group_id, account_id, region, state, reason, requested_by, requested_at, finished_at
         from restore where id = $1`,
        [id],
      );
      if (!row) return undefined;
      const rules = await query<RestoreRule>(
        'select * from restore_rule where restore_id = $1 order by rule_id',
        [id],
      );
      return { ...row, rules };
    },
    /** Ids of those that have not ended, oldest first. */
    unfinished: () =>
      firstColumn(query, 'select id from restore where finished_at is null order by requested_at'),
    /** @throws LeaseLost */
    exceptionDeployed: (id: string, holder: Holder): Promise<void> =>
      guarded(id, holder, (within) =>
        within(`update restore set state = 'exception-deployed' where id = $1 and state = 'pending'`, [id]),
      ),
    /** A rule is there again, under this id. @throws LeaseLost */
    putBack: (id: string, ruleId: string, restoredRuleId: string, holder: Holder): Promise<void> =>
      guarded(id, holder, (within) =>
        within(
          `update restore_rule set restored_rule_id = $3, restored_at = now() where restore_id = $1 and rule_id = $2`,
          [id, ruleId, restoredRuleId],
        ),
      ),
    /** @throws LeaseLost */
    restored: (id: string, holder: Holder): Promise<void> =>
      guarded(id, holder, (within) => end(within, id, 'restored', null)),
    /** Ends it, and its exceptions but for those still needed, which become what is given. @throws LeaseLost */
    failed: (id: string, reason: string, needed: readonly Exception[], holder: Holder): Promise<void> =>
      guarded(id, holder, (within) => fail(within, id, reason, needed)),
  };
}
