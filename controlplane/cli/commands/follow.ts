import type { Client, RunWithStacks } from '../client/http.ts';
import { renderPlan } from '../output/plan.ts';
import { progressView } from '../output/progress.ts';
import { exits, show, type Terminal } from '../output/terminal.ts';

const silent = { show: () => undefined, end: () => undefined };

/** How a run ended, and of a paused one how to go on. Pure. */
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

/** What becomes of a run that is not followed any more. Pure. */
const interruptedText = ({ id, kind }: RunWithStacks, { ownService }: Client): string =>
  ownService
    ? `\nThis command carried out ${kind} ${id}. It stops after the stacks that are under way; the next portcullis serve continues it.\nPress Ctrl-C again to leave at once.`
    : `\nThe ${kind} goes on in the service. Follow it: portcullis follow ${id}\nEnd it: portcullis cancel ${id}`;

/** Waits for the next look, or for Ctrl-C. */
function untilNext(interrupt: AbortSignal): Promise<void> {
  return new Promise((next) => {
    const done = () => {
      clearTimeout(timer);
      interrupt.removeEventListener('abort', done);
      next();
    };
    const timer = setTimeout(done, interrupt.aborted ? 0 : 500);
    interrupt.addEventListener('abort', done);
  });
}

/** Follows a run to its end, until it waits for a person, or until Ctrl-C, which leaves the run as it is; the exit code. */
export async function follow(client: Client, id: string, terminal: Terminal): Promise<number> {
  const view = terminal.json ? silent : progressView(terminal.screen);
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  try {
    for (;;) {
      const run = await client.run(id);
      view.show(run);
      if (run.finishedAt || run.state === 'paused') {
        view.end();
        show(terminal, run, renderEnd);
        return exitOf(run);
      }
      await untilNext(interrupt.signal);
      if (!interrupt.signal.aborted) continue;
      view.end();
      terminal.complain(interruptedText(run, client));
      return exits.interrupted;
    }
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}
