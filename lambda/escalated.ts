import type { Ledger } from './ledger.ts';
import type { Task } from './task.ts';

/** A group that was left open because its ingress came back too often. */
export interface Escalated {
  at: number;
  account: string;
  region: string;
  groupId: string;
  /** What it is in the ledger, to be settled by. */
  member: string;
}

const key = 'escalated';
const kept = 7 * 24 * 3_600_000;

/** Keeps that a group was left open, so that it is looked at again by and by. */
export async function keepEscalated(ledger: Ledger, task: Task, now: Date): Promise<void> {
  const member = [now.getTime(), task.account, task.call.region, task.groupId].join('|');
  await ledger.add(key, [member], new Date(now.getTime() + kept));
}

export async function readEscalated(ledger: Ledger): Promise<Escalated[]> {
  return (await ledger.members(key)).map((member) => {
    const [at, account = '', region = '', groupId = ''] = member.split('|');
    return { at: Number(at), account, region, groupId, member };
  });
}

export async function settleEscalated(ledger: Ledger, settled: readonly Escalated[]): Promise<void> {
  await ledger.remove(
    key,
    settled.map(({ member }) => member),
  );
}
