import { hubWave } from '../store/run-stacks.ts';
import type { Store } from '../store/store.ts';

/** In whose name the roll-out of a release is asked for; with `*` that of any release. */
export const releaseName = (release: string) => `release ${release}`;

/**
 * Where the roll-out of a release stands. `owed`: none was asked for since another release's, or it reached no account,
 * as where it could not be planned or the hub failed. `held`: it is under way, or a person paused or cancelled it.
 * `over`: it ended, so that whatever it missed follows by itself.
 */
export async function rolloutOf(
  { runs, runStacks }: Pick<Store, 'runs' | 'runStacks'>,
  release: string,
): Promise<'owed' | 'held' | 'over'> {
  const run = await runs.latestOf(releaseName('*'));
  if (run?.requestedBy !== releaseName(release)) return 'owed';
  if (run.state === 'succeeded') return 'over';
  if (run.state !== 'failed') return 'held';
  const counts = await runStacks.counts(run.id);
  return counts.some(({ wave, state }) => wave > hubWave && state !== 'skipped') ? 'over' : 'owed';
}
