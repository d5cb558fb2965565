import { reasonOf } from '../settings/errors.ts';
import type { EngineSettings } from './cli.ts';
import { omitClosurePackages } from './closure-packages.ts';
import type { Engine } from './engine.ts';
import { partWayOf } from './failure.ts';
import { type Ending, type EngineAnswer, type EngineTask, type EngineWork, reasonFor } from './messages.ts';

/** The engine of this thread, kept because finding the CLI costs a process. A pool has one setting. */
let engine: Promise<Engine> | undefined;

async function loadEngine(settings: EngineSettings): Promise<Engine> {
  omitClosurePackages();
  const { pulumiEngine } = await import('./engine.ts');
  return pulumiEngine(settings);
}

async function carryOutWith(engine: Engine, work: EngineWork, signal: AbortSignal) {
  switch (work.kind) {
    case 'exportState':
      return engine.exportState(work.key);
    case 'forget':
      await engine.forget(work.key);
      return undefined;
    default:
      return engine.operate(work, signal);
  }
}

/** What a worker thread of the engine pool does. An abort signal does not cross threads; a message on the port does. */
export default async function carryOut({ work, settings, end }: EngineTask): Promise<EngineAnswer> {
  const ending = new AbortController();
  end.once('message', (received: Ending) => ending.abort(reasonFor(received)));
  try {
    engine ??= loadEngine(settings);
    return { done: await carryOutWith(await engine, work, ending.signal) };
  } catch (error) {
    return { failed: reasonOf(error), partWay: partWayOf(error) };
  } finally {
    end.close();
  }
}
