import { hash } from 'node:crypto';
import type { Outcome, RemediationResult } from '../contract/result.ts';
import type { Task } from '../event/task.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { scheduleRecheck } from '../ledger/recheck.ts';
import { keyOf, type Place, placeOf } from '../ledger/shards.ts';
import type { GroupEvaluation } from './evaluation.ts';

const minute = 60_000;
const hour = 60 * minute;
const kept = 14 * 24 * hour;

/**
 * Schedules another inspection of a group: within the hour when a prefix list can change without an event; sooner when
 * EC2 does not show the event's change yet, or the call takes effect later.
 */
export async function keepInspecting(
  ledger: Ledger,
  task: Task,
  { watched, disagreements }: Pick<GroupEvaluation, 'watched' | 'disagreements'>,
  now: Date,
): Promise<void> {
  const place = placeOf(task);
  // The start of the next hour, so that a group has one entry for any number of events.
  const next = new Date((Math.floor(now.getTime() / hour) + 1) * hour);
  if (watched) await scheduleRecheck(ledger, [place], next, now, true);
  const lag = Math.max(task.lag, disagreements.length > 0 ? minute : 0);
  if (lag > 0) await scheduleRecheck(ledger, [place], new Date(now.getTime() + lag), now, true);
}

/** A digest of a group's result: the same as long as nothing about it changes. */
export function lookOf(
  outcome: Outcome,
  findings: RemediationResult['findings'],
  undecided: RemediationResult['undecided'],
): string {
  const parts = [
    ...findings.map(({ ruleId, action, why }) => [ruleId, action, why].join(' ')),
    ...undecided.map(({ ruleId, reason }) => [ruleId, reason].join(' ')),
  ];
  return hash('sha256', JSON.stringify([outcome, parts.sort()]));
}

const reportedKey = (place: Place) => `reported/${keyOf(place)}`;

export async function lastReported(ledger: Ledger, place: Place): Promise<string | undefined> {
  return ledger.read(reportedKey(place));
}

export async function keepReported(ledger: Ledger, place: Place, look: string, now: Date): Promise<void> {
  await ledger.write(reportedKey(place), look, new Date(now.getTime() + kept));
}

/** Outcomes of a scheduled inspection that report nothing new: nothing was found, or nothing needs to be done. */
export const silent: readonly Outcome[] = ['clean', 'excepted', 'ignored', 'group-gone', 'rule-gone'];
/** Outcomes that are reported once. */
export const reportedOnce: readonly Outcome[] = ['undecided', 'notified', 'observed'];
