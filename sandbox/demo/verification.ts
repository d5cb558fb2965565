import type { Cell } from './control-plane.ts';
import type { World } from './world.ts';

/**
 * Verifies the whole organization by canaries; what was seen.
 * @throws where a cell with a trail is not verified end to end, one without is, or people were notified of a canary.
 */
export async function verifyCells(
  { controlPlane, slack }: World,
  show: (text: string) => void,
): Promise<string> {
  const [started, messagesBefore] = [Date.now(), slack.messages.length];
  const { exit, output } = await controlPlane.cli(['verify', '--all'], show);
  const seconds = ((Date.now() - started) / 1000).toFixed(2);
  if (exit !== 3)
    throw new Error(`verify ended with exit code ${exit}, not 3 (unhealthy cells found):\n${output}`);
  const { cells } = await controlPlane.get<{ cells: Cell[] }>('/v1/coverage');
  const covered = cells.filter(({ trail }) => trail === true);
  const wrong = cells.filter(({ trail, verified, kind }) =>
    trail === true ? verified !== 'yes' || kind !== 'end-to-end' : verified !== 'no',
  );
  if (wrong.length > 0) throw new Error(`it says ${JSON.stringify(wrong)}`);
  if (slack.messages.length > messagesBefore) throw new Error('Slack was notified of a canary');
  return `${covered.length} cells verified, ${cells.length - covered.length} without a trail not, in ${seconds} s`;
}
