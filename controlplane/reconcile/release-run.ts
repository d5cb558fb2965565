import { hubWave } from '../store/run-stacks.ts';
import type { Store } from '../store/store.ts';

/** The `requestedBy` of a roll-out; `*` matches any release. */
export const releaseName = (release: string) => `release ${release}`;

/**
 * The state of a release's roll-out. `needed`: none was requested since another release's, or it reached no account.
 * `held`: in progress, paused or cancelled. `over`: ended, so what it missed follows automatically.
 */
export async function rolloutOf(
  { runs, runStacks }: Pick<Store, 'runs' | 'runStacks'>,
  release: string,
): Promise<'needed' | 'held' | 'over'> {
  const run = await runs.latestOf(releaseName('*'));
  if (run?.requestedBy !== releaseName(release)) return 'needed';
  if (run.state === 'succeeded') return 'over';
  if (run.state !== 'failed') return 'held';
  const counts = await runStacks.counts(run.id);
  return counts.some(({ wave, state }) => wave > hubWave && state !== 'skipped') ? 'over' : 'needed';
}
