import { createHash } from 'node:crypto';
import type { Outcome, RemediationResult } from '../contract/result.ts';
import type { Task } from '../event/task.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { scheduleRecheck } from '../ledger/recheck.ts';
import type { Place } from '../ledger/shards.ts';
import type { GroupEvaluation } from './evaluation.ts';

const minute = 60_000;
const hour = 60 * minute;
const kept = 14 * 24 * hour;

/**
 * Has the schedule inspect a group again: within the hour where a prefix list can change without an event, and sooner
 * where EC2 did not show yet what the event says, or the call's effect comes later.
 */
export async function keepInspecting(
  ledger: Ledger,
  task: Task,
  { watched, disagreements }: Pick<GroupEvaluation, 'watched' | 'disagreements'>,
  now: Date,
): Promise<void> {
  const place = { account: task.account, region: task.call.region, groupId: task.groupId };
  // The start of the next hour, so that a group has one entry however many events are about it.
  const next = new Date((Math.floor(now.getTime() / hour) + 1) * hour);
  if (watched) await scheduleRecheck(ledger, [place], next, now, true);
  const lag = Math.max(task.lag, disagreements.length > 0 ? minute : 0);
  if (lag > 0) await scheduleRecheck(ledger, [place], new Date(now.getTime() + lag), now, true);
}

/** What came of a group, in short: the same for as long as nothing about it changes. */
export function lookOf(
  outcome: Outcome,
  findings: RemediationResult['findings'],
  undecided: RemediationResult['undecided'],
): string {
  const parts = [
    ...findings.map(({ ruleId, action, why }) => [ruleId, action, why].join(' ')),
    ...undecided.map(({ ruleId, reason }) => [ruleId, reason].join(' ')),
  ];
  return createHash('sha256')
    .update(JSON.stringify([outcome, parts.sort()]))
    .digest('hex');
}

const keyOf = ({ account, region, groupId }: Place) => `reported/${account}/${region}/${groupId}`;

/** What was last reported of a group that is inspected again and again. */
export async function lastReported(ledger: Ledger, place: Place): Promise<string | undefined> {
  return ledger.read(keyOf(place));
}

export async function keepReported(ledger: Ledger, place: Place, look: string, now: Date): Promise<void> {
  await ledger.write(keyOf(place), look, new Date(now.getTime() + kept));
}

/** Outcomes of an inspection that no event asked for, which say nothing new: nothing was there, or nothing to do. */
export const silent: readonly Outcome[] = ['clean', 'excepted', 'ignored', 'group-gone', 'rule-gone'];
/** Outcomes that are reported once. */
export const reportedOnce: readonly Outcome[] = ['undecided', 'notified', 'observed'];
