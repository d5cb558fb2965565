import { reasonOf } from '../../settings/errors.ts';
import { foldCounts } from '../../store/findings/counts.ts';
import type { CellReading } from '../../store/findings/finding.ts';
import { type ClaimedCell, completeCells } from '../../store/sweeps/cells.ts';
import type { SweepContext, SweepPolicy } from '../context.ts';

/** A cell that was read, with the policy that its groups were evaluated by. */
interface Read {
  readonly reading: CellReading;
  readonly policy: SweepPolicy;
}

const rowOf = ({ accountId, region, groups, findings, undecided, policyDigest, readAt }: CellReading) => ({
  ...{ accountId, region, groups, policyDigest, readAt },
  findings: findings.filter(({ exceptions }) => exceptions.length === 0).length,
  undecided: undecided.length,
});

/**
 * Ends the cells that the worker still holds and records their readings, all or nothing: a reading is recorded
 * exactly when its cell ends, also after a crash.
 */
async function recordAll(
  { database, record, leave }: SweepContext,
  { sweepId, worker }: { readonly sweepId: string; readonly worker: string },
  reads: readonly Read[],
): Promise<void> {
  await database.transaction(async (query) => {
    const ended = await completeCells(
      query,
      sweepId,
      worker,
      reads.map(({ reading }) => rowOf(reading)),
    );
    const places = new Set(ended.map(({ accountId, region }) => `${accountId} ${region}`));
    const own = reads.filter(({ reading }) => places.has(`${reading.accountId} ${reading.region}`));
    const recorded = await record(
      query,
      own.map(({ reading }) => reading),
    );
    for (const [index, { reading, policy }] of own.entries()) {
      const changes = recorded[index];
      if (changes) await leave(query, reading, changes, policy);
    }
  });
}

/** The most cells in one transaction. */
const most = 100;

/**
 * Records readings in order of arrival: those that arrive while a transaction is under way share the next one.
 * A reading is recorded when its promise resolves.
 */
export function recorder(
  context: SweepContext,
  of: Pick<ClaimedCell, 'sweepId'> & { readonly worker: string },
) {
  const waiting: { read: Read; done: () => void; failed: (error: unknown) => void }[] = [];
  let underWay = false;
  const write = async () => {
    if (underWay) return;
    underWay = true;
    while (waiting.length > 0) {
      const part = waiting.splice(0, most);
      try {
        await recordAll(
          context,
          of,
          part.map(({ read }) => read),
        );
        for (const { done } of part) done();
      } catch (error) {
        for (const { failed } of part) failed(error);
        continue;
      }
      // Few rows to read for the counts of the list. They are right without it, and the next part does it again.
      await foldCounts(context.database).catch((error) =>
        context.log.warn({ error: reasonOf(error) }, 'counts of findings not folded'),
      );
    }
    underWay = false;
  };
  return (read: Read): Promise<void> =>
    new Promise((done, failed) => {
      waiting.push({ read, done, failed });
      void write();
    });
}
