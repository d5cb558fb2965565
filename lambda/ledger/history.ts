import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { findingSchema, type ResultFinding } from '../contract/result.ts';
import type { ApiCall } from '../event/read.ts';
import type { Task } from '../event/task.ts';
import { ingressKey } from '../policy/rule.ts';
import type { SecurityGroupRule } from '../policy/security-group.ts';
import type { Ledger } from './ledger.ts';
import { keyOf, placeOf } from './shards.ts';

/** The rules that an attempt planned to revoke from a group, and when. */
export interface Intent {
  at: Date;
  findings: ResultFinding[];
}

export type History = ReturnType<typeof createHistory>;

type LedgerSubject = Pick<Task, 'call' | 'account' | 'groupId' | 'attempt'>;
export type FoundGroup = Pick<Task, 'account' | 'groupId'>;

const day = 24 * 3_600_000;
/** Longer than an event is retried (6 hours by Lambda, 24 by EventBridge) or stays in the dead-letter queue. */
const intentRetentionMs = 15 * day;
const closingRetentionMs = 2 * day;
/** A DynamoDB item has at most 400 kB, so a set is cut to what still counts before that. */
const mostClosings = 1_000;

const intentSchema = z.object({ at: z.iso.datetime(), findings: z.array(findingSchema) });
const reportedText = 'reported';

/** Earlier acts on a group, so that a retry reports everything and a loop is recognized. */
export function createHistory(ledger: Ledger, now: () => Date) {
  const intentKey = (task: LedgerSubject) =>
    `intent/${task.attempt ?? task.call.eventId}/${task.account}/${task.groupId}`;
  const closingsKey = (task: LedgerSubject) => `closed/${keyOf(placeOf(task))}`;
  const until = (milliseconds: number) => new Date(now().getTime() + milliseconds);
  return {
    /**
     * The groups of an event, from this attempt or an earlier one: a group that was closed since is not found again, and
     * still needs its result.
     */
    async found({ eventId }: Pick<ApiCall, 'eventId'>, groups: readonly FoundGroup[]): Promise<FoundGroup[]> {
      const key = `found/${eventId}`;
      const members = groups.map(({ account, groupId }) => `${account}|${groupId}`);
      const all =
        members.length > 0
          ? await ledger.add(key, members, until(intentRetentionMs))
          : await ledger.members(key);
      return all.map((member) => {
        const [account = '', groupId = ''] = member.split('|');
        return { account, groupId };
      });
    },
    /** What an earlier attempt at the same event planned; undefined when it was fully reported. */
    async intended(task: LedgerSubject): Promise<Intent | undefined> {
      const text = await ledger.read(intentKey(task));
      if (text === undefined || text === reportedText) return undefined;
      const { at, findings } = intentSchema.parse(JSON.parse(unpacked(text)));
      return { at: new Date(at), findings };
    },
    async intend(task: LedgerSubject, { at, findings }: Intent): Promise<void> {
      const text = JSON.stringify({ at: at.toISOString(), findings });
      await ledger.write(intentKey(task), packed(text), until(intentRetentionMs));
    },
    /** Records that the result is published, so that a later replay adds nothing. */
    async reported(task: LedgerSubject): Promise<void> {
      await ledger.write(intentKey(task), reportedText, until(intentRetentionMs));
    },
    /**
     * How often the ingress (protocol, ports and source) of each rule was closed in this group since the given time, by
     * rule id.
     */
    async closedSince(
      task: LedgerSubject,
      rules: readonly { rule: SecurityGroupRule; since: Date }[],
    ): Promise<ReadonlyMap<string, number>> {
      const closings = (await ledger.members(closingsKey(task))).map(readClosing);
      return new Map(
        rules.map(({ rule, since }) => {
          const recent = closings.filter(({ at }) => at >= since.getTime());
          const same = recent.filter(({ ingress }) => ingress === ingressKey(rule));
          return [rule.id, new Set(same.map(({ ruleId }) => ruleId)).size];
        }),
      );
    },
    /** The ids of the rules that were closed in this group within two days. A rule id is never reused. */
    async closedRules(task: LedgerSubject): Promise<ReadonlySet<string>> {
      return new Set((await ledger.members(closingsKey(task))).map((member) => readClosing(member).ruleId));
    },
    /** Counts a rule once, also when it is reported again. */
    async closed(task: LedgerSubject, rules: readonly SecurityGroupRule[], at: Date): Promise<void> {
      if (rules.length === 0) return;
      const members = rules.map((rule) => writeClosing(rule, at));
      const all = await ledger.add(closingsKey(task), members, until(closingRetentionMs));
      if (all.length <= mostClosings) return;
      const old = all.filter((member) => readClosing(member).at < now().getTime() - closingRetentionMs / 2);
      await ledger.remove(closingsKey(task), old);
    },
  };
}

function writeClosing(rule: SecurityGroupRule, at: Date): string {
  return [at.getTime(), rule.id, ingressKey(rule)].join('|');
}

function readClosing(member: string): { at: number; ruleId: string; ingress: string } {
  const [at, ruleId = '', ...ingress] = member.split('|');
  return { at: Number(at), ruleId, ingress: ingress.join('|') };
}

/** A thousand findings are 600 kB, and a DynamoDB item has at most 400 kB. */
function packed(text: string): string {
  return gzipSync(text).toString('base64');
}

function unpacked(text: string): string {
  return gunzipSync(Buffer.from(text, 'base64')).toString();
}
