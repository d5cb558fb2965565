import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { findingSchema, type ResultFinding } from '../contract/result.ts';
import type { ApiCall } from '../event/read.ts';
import type { Task } from '../event/task.ts';
import { ingressKey } from '../policy/rule.ts';
import type { SecurityGroupRule } from '../policy/security-group.ts';
import type { Ledger } from './ledger.ts';

/** The rules that an attempt at an event set out to take away from a group, and when. */
export interface Intent {
  at: Date;
  findings: ResultFinding[];
}

/** What was done about a group before: so that a retry reports in full, and a loop is seen for what it is. */
export interface History {
  /**
   * The groups that an event was found to be about, now or by an attempt before this one: a group that was closed
   * since is found no more, and still wants its result.
   */
  found(call: Pick<ApiCall, 'eventId'>, groups: readonly Place[]): Promise<Place[]>;
  /** What an earlier attempt at the same event set out to do, unless it was reported to the end. */
  intended(task: LedgerSubject): Promise<Intent | undefined>;
  intend(task: LedgerSubject, intent: Intent): Promise<void>;
  /** The result is out: a later replay of the event has nothing to add. */
  reported(task: LedgerSubject): Promise<void>;
  /** How often each rule's ingress (protocol, ports and source) was closed in this group since its moment, by rule id. */
  closedSince(
    task: LedgerSubject,
    rules: readonly { rule: SecurityGroupRule; since: Date }[],
  ): Promise<ReadonlyMap<string, number>>;
  /** The ids of the rules that were closed in this group within the last two days: such an id never comes back. */
  closedRules(task: LedgerSubject): Promise<ReadonlySet<string>>;
  /** Counts a rule once, however often it is told. */
  closed(task: LedgerSubject, rules: readonly SecurityGroupRule[], at: Date): Promise<void>;
}

/** A group as one event names it. */
type LedgerSubject = Pick<Task, 'call' | 'account' | 'groupId' | 'attempt'>;
export type Place = Pick<Task, 'account' | 'groupId'>;

const day = 24 * 3_600_000;
/** Longer than an event is retried (6 hours by Lambda, 24 by EventBridge) or lies in the dead-letter queue. */
const intentRetentionMs = 15 * day;
const closingRetentionMs = 2 * day;
/** DynamoDB takes 400 kB an item; a set is cut back to what still counts before that. */
const mostClosings = 1_000;

const intentSchema = z.object({ at: z.iso.datetime(), findings: z.array(findingSchema) });
const reportedText = 'reported';

export function createHistory(ledger: Ledger, now: () => Date): History {
  const intentKey = (task: LedgerSubject) =>
    `intent/${task.attempt ?? task.call.eventId}/${task.account}/${task.groupId}`;
  const closingsKey = ({ account, call, groupId }: LedgerSubject) =>
    `closed/${account}/${call.region}/${groupId}`;
  const until = (milliseconds: number) => new Date(now().getTime() + milliseconds);
  return {
    async found({ eventId }, groups) {
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
    async intended(task) {
      const text = await ledger.read(intentKey(task));
      if (text === undefined || text === reportedText) return undefined;
      const { at, findings } = intentSchema.parse(JSON.parse(unpacked(text)));
      return { at: new Date(at), findings };
    },
    async intend(task, { at, findings }) {
      const text = JSON.stringify({ at: at.toISOString(), findings });
      await ledger.write(intentKey(task), packed(text), until(intentRetentionMs));
    },
    async reported(task) {
      await ledger.write(intentKey(task), reportedText, until(intentRetentionMs));
    },
    async closedSince(task, rules) {
      const closings = (await ledger.members(closingsKey(task))).map(readClosing);
      return new Map(
        rules.map(({ rule, since }) => {
          const recent = closings.filter(({ at }) => at >= since.getTime());
          const same = recent.filter(({ ingress }) => ingress === ingressKey(rule));
          return [rule.id, new Set(same.map(({ ruleId }) => ruleId)).size];
        }),
      );
    },
    async closedRules(task) {
      return new Set((await ledger.members(closingsKey(task))).map((member) => readClosing(member).ruleId));
    },
    async closed(task, rules, at) {
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

/** A thousand findings are 600 kB, and DynamoDB takes 400 an item. */
function packed(text: string): string {
  return gzipSync(text).toString('base64');
}

function unpacked(text: string): string {
  return gunzipSync(Buffer.from(text, 'base64')).toString();
}
