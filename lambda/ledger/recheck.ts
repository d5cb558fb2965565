import type { Ledger } from './ledger.ts';

/** Where a group is. */
export interface Place {
  account: string;
  region: string;
  groupId: string;
}

/** A group to look at though no event asks for it. */
export interface Recheck extends Place {
  /** Milliseconds since the epoch, from when on. */
  from: number;
  /** What it is in the ledger, to be settled by. */
  member: string;
}

const key = 'due';
const retentionMs = 14 * 24 * 3_600_000;

/** Keeps that groups are to be looked at from a moment on. Concurrent calls lose nothing of each other. */
export async function scheduleRecheck(
  ledger: Ledger,
  places: readonly Place[],
  from: Date,
  now: Date,
): Promise<void> {
  const members = places.map(({ account, region, groupId }) =>
    [from.getTime(), account, region, groupId].join('|'),
  );
  if (members.length > 0) await ledger.add(key, members, new Date(now.getTime() + retentionMs));
}

export async function readRechecks(ledger: Ledger): Promise<Recheck[]> {
  return (await ledger.members(key)).map((member) => {
    const [from, account = '', region = '', groupId = ''] = member.split('|');
    return { from: Number(from), account, region, groupId, member };
  });
}

export async function completeRechecks(ledger: Ledger, settled: readonly Recheck[]): Promise<void> {
  await ledger.remove(
    key,
    settled.map(({ member }) => member),
  );
}
