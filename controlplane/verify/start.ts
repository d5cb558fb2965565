import type { Services } from '../services/services.ts';
import type { Cell } from '../stacks/cell.ts';
import type { TrailCheck } from '../stacks/trail-check.ts';
import { checkTrails, type TrailOwner } from '../trails/observe.ts';
import { type Verifier, type VerifierOptions, verifier } from './verifier.ts';

interface VerifierContext
  extends Pick<Services, 'database' | 'boss' | 'store' | 'aws' | 'settings' | 'meter' | 'log' | 'shutdown'>,
    VerifierOptions {
  /** Answers about organization trails by the account that owns them. */
  readonly trailOwner?: TrailOwner;
}

/** Runs the trail check of one cell now. */
export async function trailOf(
  { aws, trailOwner }: Pick<VerifierContext, 'aws' | 'trailOwner'>,
  { accountId, region }: Cell,
): Promise<TrailCheck> {
  const clientIn = (where: string) => aws.cloudTrail(accountId, where);
  const [checked] = await checkTrails(accountId, [region], clientIn, trailOwner);
  return checked?.trail ?? { covered: 'unknown', reason: 'the trail check returned no result' };
}

/** Verifies cells on request and periodically, until shutdown. */
export async function startVerifier(around: VerifierContext): Promise<Verifier> {
  const { shutdown, standing, receive, assertMayVerify } = around;
  const stopping = new AbortController();
  const given = { ...around, stopping: stopping.signal, trail: (cell: Cell) => trailOf(around, cell) };
  const made = verifier(around, given, { standing, receive, assertMayVerify });
  shutdown.register('verifier', made.stop, () => {
    stopping.abort();
    made.interrupt();
  });
  await made.start();
  return made;
}
