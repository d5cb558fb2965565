import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { access, program } from '../../programs/program.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import type { StackKey } from '../stacks/key.ts';
import type { OperationRecord } from '../stacks/operation-record.ts';
import { type CliStack, type EngineSettings, stackOpener } from './cli.ts';
import { carryOut, commandReason, isMissing, type Operation, type StackAt } from './operation.ts';

/** The real Pulumi engine. Several stacks may run at once; a stack never may. */
export interface Engine {
  /**
   * Idempotent. `destroy` deletes the stack as well; a stack that does not exist needs nothing. An aborted
   * signal ends the operation. @throws `stack-failed`
   */
  operate(operation: Operation, signal: AbortSignal): Promise<OperationRecord>;
  /** The stack's deployment as JSON text, secrets encrypted; undefined: no such stack. @throws `stack-failed` */
  exportState(key: StackKey): Promise<string | undefined>;
  /** Removes the stack from the state without touching a resource. Idempotent. @throws `stack-failed` */
  forget(key: StackKey): Promise<void>;
}

const configurationFile = ({ data }: EngineSettings, key: StackKey) =>
  join(data, 'stacks', `Pulumi.${key}.yaml`);

/** Writes the arguments into the stack's configuration, so that plain `pulumi preview` runs the same program. */
async function writeConfiguration(settings: EngineSettings, stack: StackAt): Promise<void> {
  const file = configurationFile(settings, stack.key);
  await mkdir(join(settings.data, 'stacks'), { recursive: true });
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const parsed = (parse(text) ?? {}) as { config?: Record<string, unknown> };
  const config = { ...parsed.config, 'portcullis:arguments': stack.arguments };
  const next = stringify({ ...parsed, config });
  if (next !== text) await writeFile(file, next);
}

const never = new AbortController().signal;

/** The text without the password of a state that is in Postgres, which the CLI may quote. */
export function withoutPassword(text: string, state: string): string {
  const [, password] = /^[a-z0-9]+:\/\/[^/?#@]*?:([^/?#]*)@/.exec(state) ?? [];
  if (!password) return text;
  return [password, decodeURIComponent(password)].reduce((left, each) => left.replaceAll(each, '****'), text);
}

/** Operations and questions on single stacks; every failure of theirs is `stack-failed`. */
function stackWork(settings: EngineSettings) {
  const open = stackOpener(settings);
  /** The failure of a stack, in one sentence. */
  const ofStack = async <T>(key: StackKey, work: () => Promise<T>, reason = reasonOf): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      const message = withoutPassword(reason(cause), settings.state);
      throw new PortcullisError('stack-failed', `${key}: ${message}`, { cause });
    }
  };
  const operate = (operation: Operation, signal: AbortSignal) => {
    const { stack } = operation;
    return ofStack(stack.key, async () => {
      await writeConfiguration(settings, stack);
      const run = operation.kind === 'destroy' ? access : program;
      const opened = await open(stack.key, () => run(stack.arguments), signal);
      return carryOut(opened, operation, signal);
    });
  };
  /** The output of a command about a stack; undefined if the stack does not exist. */
  const ask = (key: StackKey, act: (opened: CliStack) => Promise<string>) =>
    ofStack(
      key,
      async () => {
        const opened = await open(key, undefined, never);
        return act(opened).catch((error) => {
          if (!isMissing(error)) throw error;
          return undefined;
        });
      },
      commandReason,
    );
  return { operate, ask };
}

/** The engine over the Automation API with inline programs. Making it starts nothing. */
export function pulumiEngine(settings: EngineSettings): Engine {
  const { operate, ask } = stackWork(settings);
  const exportState = (key: StackKey) => ask(key, (opened) => opened.run('stack', 'export'));
  const forget = async (key: StackKey) => {
    await ask(key, (opened) => opened.run('stack', 'rm', '--yes', '--force'));
    await rm(configurationFile(settings, key), { force: true });
  };
  /** A resource that a dead holder made without a record of it prevents the deletion. An update records it first. */
  const takeDown = (operation: Operation, signal: AbortSignal) =>
    operate(operation, signal).catch(async (error) => {
      if (!operation.recover || signal.aborted) throw error;
      await operate({ ...operation, kind: 'up' }, signal);
      return operate(operation, signal);
    });
  const destroy = async (operation: Operation, signal: AbortSignal): Promise<OperationRecord> => {
    const { key } = operation.stack;
    if ((await exportState(key)) === undefined) {
      await rm(configurationFile(settings, key), { force: true });
      return { changes: [], drift: [], unchanged: 0, errors: [] };
    }
    const record = await takeDown({ ...operation, known: true }, signal);
    await forget(key);
    return record;
  };
  return {
    operate: (operation, signal) => (operation.kind === 'destroy' ? destroy : operate)(operation, signal),
    exportState,
    forget,
  };
}
