import type { Client, RunWithStacks } from '../client/http.ts';
import { type FollowedRun, runChanges } from '../client/run-changes.ts';
import { renderPlan } from '../output/plan.ts';
import { progressView, silent } from '../output/progress.ts';
import { exits, show, type Terminal } from '../output/terminal.ts';
import { lookUntilEnd } from './looks.ts';

/** How a run ended, and how to continue a paused one. Pure. */
function renderEnd(run: RunWithStacks): string {
  const count = (state: string) => run.stacks.filter((stack) => stack.state === state).length;
  const verb = run.kind === 'preview' ? 'would change' : 'changed';
  const unreachable = count('unreachable') > 0 ? `, ${count('unreachable')} unreachable` : '';
  const message = run.message ? ` (${run.message})` : '';
  const counts = `${count('succeeded')} ${verb}, ${count('unchanged')} unchanged, ${count('failed')} failed${unreachable}, ${count('skipped')} skipped`;
  const plan = run.kind === 'preview' ? renderPlan(run.stacks) : '';
  const paused =
    run.state === 'paused'
      ? `\ncontinue or end it: portcullis resume ${run.id} | portcullis cancel ${run.id}`
      : '';
  return `${plan}${run.kind} ${run.state}: ${counts}${message}${paused}`;
}

function exitOf({ kind, state, stacks }: RunWithStacks): number {
  if (state !== 'succeeded') return exits.failed;
  const differs = kind === 'preview' && stacks.some((stack) => stack.state === 'succeeded');
  return differs ? exits.differs : exits.done;
}

/** Follows a run to its end, until it waits for a person, or until Ctrl-C, which leaves the run as it is; the exit code. */
export function follow(client: Client, id: string, terminal: Terminal): Promise<number> {
  const view = terminal.json ? silent : progressView(terminal.screen);
  let known: FollowedRun | undefined;
  return lookUntilEnd(client, terminal, {
    look: async () => {
      known = await runChanges(client.runSince, id, known);
      return known.run;
    },
    seen(run) {
      view.show(run);
      if (!run.finishedAt && run.state !== 'paused') return undefined;
      view.end();
      show(terminal, run, renderEnd);
      return exitOf(run);
    },
    leave: view.end,
    work: ({ kind }) => ({
      noun: kind,
      id,
      finishes: 'the stacks in progress',
      end: `portcullis cancel ${id}`,
    }),
  });
}
