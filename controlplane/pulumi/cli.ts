import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  LocalWorkspace,
  type ProjectSettings,
  PulumiCommand,
  Stack,
} from '@pulumi/pulumi/automation/index.js';
import type { Settings } from '../settings/environment.ts';
import { PortcullisError } from '../settings/errors.ts';
import type { StackKey } from '../stacks/key.ts';
import { type CommandOutput, runCommand } from './command.ts';
import type { EngineEvent } from './events.ts';
import { areOurDead, type LockOwner, rememberCli } from './lock.ts';
import type { OperationKind } from './operation.ts';
import { backendUrl, repairAttributes } from './state-file.ts';

/** The part of the settings that the engine needs. */
export type EngineSettings = Pick<Settings, 'data' | 'state' | 'secretsProvider' | 'awsPlugin'>;

/** The version that set-up installs; any newer 3.x on PATH serves as well. */
const cliVersion = '3.259.0';

/** The CLI on PATH, else the one that set-up installed. @throws `stack-failed` where there is none */
export async function findCli(): Promise<PulumiCommand> {
  try {
    return await PulumiCommand.get();
  } catch {
    const root = join(homedir(), '.pulumi', 'versions', cliVersion);
    return await PulumiCommand.get({ root }).catch((cause) => {
      throw new PortcullisError('stack-failed', 'the Pulumi CLI is not installed: run `npm run doctor`', {
        cause,
      });
    });
  }
}

/** The address of the state can contain a password, so it is not written to a file. */
const environmentOf = ({ state }: EngineSettings) => ({
  PULUMI_BACKEND_URL: backendUrl(state),
  PULUMI_SKIP_UPDATE_CHECK: 'true',
  PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: 'true',
  PULUMI_LOG_ROTATION_MAX_TOTAL_MB: '50',
  PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: 'true',
  // Another machine may have created the stack; the state also names what encrypts its secrets.
  PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: 'true',
});

/** How the Automation API runs a command. Source: `PulumiCommand.run`, internal there. */
type Run = (args: string[], cwd: string, more: Record<string, string>) => Promise<CommandOutput>;

/** The CLI with commands that an aborted signal ends: the one in progress, and each that follows. */
function interruptible(cli: PulumiCommand, signal: AbortSignal): PulumiCommand & { readonly run: Run } {
  const run: Run = (args, cwd, more) =>
    runCommand(cli.command, [...args, '--non-interactive'], {
      cwd,
      environment: { ...more, PULUMI_AUTOMATION_API: 'true' },
      signal,
      onStart: (pid) => rememberCli(cwd, pid),
    });
  return Object.assign(Object.create(cli) as PulumiCommand, { run });
}

export type Program = () => Record<string, unknown>;

const options = { color: 'never', suppressProgress: true } as const;

/**
 * What the engine does for an operation. It always runs the program: otherwise it reads the resources through the
 * provider that the last update recorded, whose role or external id may have changed. `destroy` refreshes in a process of
 * its own, because the engine does not combine the two with a program. Source: `deploymentExecutor.Execute` in
 * pkg/resource/deploy of the Pulumi engine.
 */
async function carryOutIn(
  stack: Stack,
  kind: OperationKind,
  onEvent: (event: EngineEvent) => void,
): Promise<void> {
  const withProgram = { ...options, runProgram: true, onEvent };
  if (kind === 'destroy') {
    await stack.refresh(withProgram);
    await stack.destroy(withProgram);
  } else {
    await stack[kind]({ ...withProgram, refresh: true });
  }
}

/** One stack in its work directory. Every method is one process of the CLI; a destroy is two. */
export interface CliStack {
  /** Where its state is. */
  readonly state: string;
  /** Makes the stack in the state. @throws CommandFailed where there is one */
  create(): Promise<unknown>;
  operate(kind: OperationKind, onEvent: (event: EngineEvent) => void): Promise<unknown>;
  /** Whether all these locks are those of dead processes of this work directory. */
  areOurDead(owners: readonly LockOwner[]): Promise<boolean>;
  /** Breaks every lock of the stack; also after the operation's signal was aborted. */
  cancel(): Promise<unknown>;
  /** Whether files of its state that a killed CLI left unreadable were made readable again. */
  repairState(): Promise<boolean>;
  /** Puts an exported deployment in the place of the stack's own. */
  replaceState(text: string): Promise<unknown>;
  /** Any other command of the CLI about the stack. */
  run(...args: string[]): Promise<string>;
}

/** What the CLI finds in the work directory: one fixed for each stack, as a random one would leak a directory a call. */
async function workspaceOf(
  settings: EngineSettings,
  { key, program }: { readonly key: StackKey; readonly program: Program | undefined },
  pulumiCommand: PulumiCommand,
): Promise<LocalWorkspace> {
  const workDir = join(settings.data, 'work', key);
  await mkdir(workDir, { recursive: true });
  await mkdir(join(settings.data, 'stacks'), { recursive: true });
  if (settings.state === `file://${settings.data}/state`) {
    await mkdir(join(settings.data, 'state'), { recursive: true });
  }
  const projectSettings = {
    name: 'portcullis',
    runtime: 'nodejs',
    stackConfigDir: '../../stacks',
    ...(settings.awsPlugin && { plugins: { providers: [{ name: 'aws', path: settings.awsPlugin }] } }),
  } satisfies ProjectSettings & Record<string, unknown>;
  return LocalWorkspace.create({
    workDir,
    pulumiCommand,
    projectSettings,
    secretsProvider: settings.secretsProvider,
    envVars: environmentOf(settings),
    ...(program && { program: async () => program() }),
  });
}

/**
 * The stack without a process that selects it (every command names its stack), and without the three that `up` runs
 * afterwards for outputs and history, each with a key derivation: the engine's events already contain all of it.
 */
async function stackIn(workspace: LocalWorkspace, key: StackKey): Promise<Stack> {
  const selectStack = workspace.selectStack.bind(workspace);
  Object.assign(workspace, { selectStack: async () => undefined });
  const stack = await Stack.select(key, workspace);
  Object.assign(workspace, { selectStack });
  return Object.assign(stack, { outputs: async () => ({}), info: async () => undefined });
}

const never = new AbortController().signal;

export type StackOpener = (
  key: StackKey,
  program: Program | undefined,
  signal: AbortSignal,
) => Promise<CliStack>;

/** Opens stacks; that itself runs no command but, once, the search for the CLI. */
export function stackOpener(settings: EngineSettings): StackOpener {
  let found: Promise<PulumiCommand> | undefined;
  return async (key, program, signal) => {
    found ??= findCli().catch((error) => {
      found = undefined; // it may be installed by the next time
      throw error;
    });
    const cli = await found;
    const ended = interruptible(cli, signal);
    const workspace = await workspaceOf(settings, { key, program }, ended);
    const stack = await stackIn(workspace, key);
    const run = async (through: typeof ended, ...args: string[]) => {
      const { stdout } = await through.run(
        [...args, '--stack', key],
        workspace.workDir,
        environmentOf(settings),
      );
      return stdout;
    };
    return {
      state: settings.state,
      create: () => workspace.createStack(key),
      operate: (kind, onEvent) => carryOutIn(stack, kind, onEvent),
      areOurDead: (owners) => areOurDead(workspace.workDir, owners),
      cancel: () => run(interruptible(cli, never), 'cancel', '--yes'),
      repairState: () => repairAttributes(settings.state, key, workspace.workDir),
      async replaceState(text) {
        const file = join(workspace.workDir, 'deployment.json');
        await writeFile(file, text, { mode: 0o600 });
        await run(ended, 'stack', 'import', '--file', file).finally(() => rm(file, { force: true }));
      },
      run: (...args) => run(ended, ...args),
    };
  };
}
