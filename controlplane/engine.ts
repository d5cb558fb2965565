import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { program } from '../programs/program.ts';
import type { DesiredStack } from './desired.ts';
import { type CliStack, type EngineSettings, stackOpener } from './engine-cli.ts';
import { CommandFailed } from './engine-command.ts';
import { type EngineEvent, type OperationRecord, recordEvents } from './engine-events.ts';
import { PortcullisError, reasonOf } from './errors.ts';
import type { StackKey } from './stack-key.ts';

/** A stack with the arguments it was last made with; they name its place and how to reach it. */
export type StackAt = Pick<DesiredStack, 'key' | 'arguments'>;

/** The terms of one operation. The caller guarantees, by a lease, that nobody living works on the stack besides. */
export interface Operation {
  /** Aborted: the operation ends soon and fails, with its state written and its lock released. */
  readonly signal: AbortSignal;
  /** An earlier holder may have left a lock and half-made resources; its lease is dead. */
  readonly recover: boolean;
  /** The stack is known to exist in the state; where it does not after all, it is made. */
  readonly known: boolean;
}

/** The real Pulumi engine. Several stacks may run at once; a stack never may. */
export interface Engine {
  /** Refreshes the stack, then makes its resources as declared. Idempotent. @throws `stack-failed` */
  up(stack: DesiredStack, operation: Operation): Promise<OperationRecord>;
  /** What `up` would change, live drift included; changes no resource. @throws `stack-failed` */
  preview(stack: DesiredStack, operation: Operation): Promise<OperationRecord>;
  /**
   * Deletes every resource of the stack, then the stack itself. Idempotent: of a stack that is not there nothing is
   * left to do. @throws `stack-failed`
   */
  destroy(stack: StackAt, operation: Operation): Promise<OperationRecord>;
  /** The stack's deployment as JSON text, secrets encrypted; undefined where there is no such stack. @throws `stack-failed` */
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

const said = (error: unknown): string => (error instanceof CommandFailed ? error.stderr : '');
const isLocked = (error: unknown): boolean =>
  /the stack is currently locked by|\[409\] Conflict: Another update is currently in progress/.test(
    said(error),
  );
const isMissing = (error: unknown): boolean => /no stack named.*found/.test(said(error));
const isThere = (error: unknown): boolean => /stack.*already exists/.test(said(error));

/** What the CLI says went wrong, from the output that a failed command's error carries; the lock in words of its own. */
export function commandReason(error: unknown): string {
  if (isLocked(error)) {
    return 'the stack is locked: another `pulumi` works on it, or was killed while it did; `pulumi cancel` breaks a lock whose owner is dead';
  }
  const [, line] = (error instanceof Error && /^\s*(?:stderr: )?error: (.+)$/m.exec(error.message)) || [];
  return line ?? reasonOf(error);
}

type Act = (opened: CliStack, onEvent: (event: EngineEvent) => void) => Promise<unknown>;

const never = new AbortController().signal;

/** The engine over the Automation API with inline programs. Making it starts nothing. */
export function pulumiEngine(settings: EngineSettings): Engine {
  const open = stackOpener(settings);
  const attempt = async <T>(key: StackKey, work: () => Promise<T>, first?: () => string | undefined) => {
    try {
      return await work();
    } catch (error) {
      const reason = first?.() ?? commandReason(error);
      throw new PortcullisError('stack-failed', `${key}: ${reason}`, { cause: error });
    }
  };
  const operate = async (stack: StackAt, { signal, recover, known }: Operation, act: Act) => {
    const events = recordEvents();
    const work = async () => {
      await writeConfiguration(settings, stack);
      const opened = await open(stack.key, () => program(stack.arguments), signal);
      const create = () =>
        opened.create().catch((error) => {
          if (!isThere(error)) throw error;
        });
      if (!known) await create();
      if (recover) await opened.run('cancel', '--yes');
      await act(opened, events.onEvent).catch(async (error) => {
        if (!known || !isMissing(error)) throw error;
        await create();
        await act(opened, events.onEvent);
      });
      return events.record();
    };
    return attempt(stack.key, work, () => events.record().errors[0]);
  };
  const quietly = <T>(key: StackKey, act: (opened: CliStack) => Promise<T>): Promise<T | undefined> =>
    attempt(key, async () => {
      const opened = await open(key, undefined, never);
      return act(opened).catch((error) => {
        if (!isMissing(error)) throw error;
        return undefined;
      });
    });
  const forget = async (key: StackKey) => {
    await quietly(key, (opened) => opened.run('stack', 'rm', '--yes', '--force'));
    await rm(configurationFile(settings, key), { force: true });
  };
  return {
    up: (stack, operation) => operate(stack, operation, (opened, onEvent) => opened.up(onEvent)),
    preview: (stack, operation) => operate(stack, operation, (opened, onEvent) => opened.preview(onEvent)),
    async destroy(stack, operation) {
      const events = recordEvents();
      await operate(stack, { ...operation, known: true }, (opened) => opened.destroy(events.onEvent));
      await forget(stack.key);
      return events.record();
    },
    exportState: (key) => quietly(key, (opened) => opened.run('stack', 'export')),
    forget,
  };
}
