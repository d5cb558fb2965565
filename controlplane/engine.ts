import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  ConcurrentUpdateError,
  LocalWorkspace,
  type ProjectSettings,
  PulumiCommand,
  type Stack,
} from '@pulumi/pulumi/automation/index.js';
import { parse, stringify } from 'yaml';
import { program } from '../programs/program.ts';
import type { DesiredStack } from './desired.ts';
import { type EngineEvent, type OperationRecord, recordEvents } from './engine-events.ts';
import type { Settings } from './environment.ts';
import { PortcullisError, reasonOf } from './errors.ts';

/** The part of the settings that the engine needs. */
export type EngineSettings = Pick<Settings, 'data' | 'state' | 'secretsProvider' | 'awsPlugin'>;

/** The real Pulumi engine, one stack at a time. Several stacks may run at once; a stack never may. */
export interface Engine {
  /** Refreshes the stack, then makes its resources as declared. Idempotent. @throws `stack-failed` */
  up(stack: DesiredStack, recover: boolean): Promise<OperationRecord>;
  /** What `up` would change, live drift included; changes nothing. @throws `stack-failed` */
  preview(stack: DesiredStack): Promise<OperationRecord>;
}

/** The version that set-up installs; any newer 3.x on PATH serves as well. */
const cliVersion = '3.259.0';

async function findCli(): Promise<PulumiCommand> {
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

/** Writes the arguments into the stack's configuration, so that plain `pulumi preview` runs the same program. */
async function writeConfiguration(directory: string, stack: DesiredStack): Promise<void> {
  const file = join(directory, `Pulumi.${stack.key}.yaml`);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const settings = (parse(text) ?? {}) as { config?: Record<string, unknown> };
  const config = { ...settings.config, 'portcullis:arguments': stack.arguments };
  const next = stringify({ ...settings, config });
  if (next !== text) await writeFile(file, next);
}

/**
 * `up` asks the CLI for the stack's outputs twice and for its history once afterwards: three processes, each with a
 * key derivation, two thirds of the time of a no-op. The engine's events have told all of it already.
 */
function withoutAfterthoughts(stack: Stack): Stack {
  return Object.assign(stack, { outputs: async () => ({}), info: async () => undefined });
}

/** State in the data directory has that directory's one owner: an unfinished operation's lock there is a dead one's. */
const ownsState = ({ data, state }: EngineSettings): boolean => state === `file://${data}/state`;

/** Opens stacks with one fixed work directory each: a random one would leak a directory a call. */
function stackOpener(settings: EngineSettings): (stack: DesiredStack) => Promise<Stack> {
  let cli: Promise<PulumiCommand> | undefined;
  const configurations = join(settings.data, 'stacks');
  return async (stack) => {
    cli ??= findCli().catch((error) => {
      cli = undefined; // it may be installed by the next time
      throw error;
    });
    const workDir = join(settings.data, 'work', stack.key);
    await mkdir(workDir, { recursive: true });
    await mkdir(configurations, { recursive: true });
    if (ownsState(settings)) await mkdir(join(settings.data, 'state'), { recursive: true });
    await writeConfiguration(configurations, stack);
    const projectSettings = {
      name: 'portcullis',
      runtime: 'nodejs',
      backend: { url: settings.state },
      stackConfigDir: '../../stacks',
      ...(settings.awsPlugin && { plugins: { providers: [{ name: 'aws', path: settings.awsPlugin }] } }),
    } satisfies ProjectSettings & Record<string, unknown>;
    const opened = await LocalWorkspace.createOrSelectStack(
      { stackName: stack.key, projectName: 'portcullis', program: async () => program(stack.arguments) },
      {
        workDir,
        pulumiCommand: await cli,
        projectSettings,
        secretsProvider: settings.secretsProvider,
        envVars: {
          PULUMI_SKIP_UPDATE_CHECK: 'true',
          PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: 'true',
          PULUMI_LOG_ROTATION_MAX_TOTAL_MB: '50',
          PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: 'true',
        },
      },
    );
    return withoutAfterthoughts(opened);
  };
}

/** What the CLI says went wrong, from the output that a failed command's error carries; the lock in words of its own. */
export function commandReason(error: unknown): string {
  if (error instanceof ConcurrentUpdateError) {
    return 'the stack is locked: another `pulumi` works on it, or was killed while it did; `pulumi cancel` breaks a lock whose owner is dead';
  }
  const [, said] = (error instanceof Error && /^\s*(?:stderr: )?error: (.+)$/m.exec(error.message)) || [];
  return said ?? reasonOf(error);
}

/** The engine over the Automation API with inline programs. Making it starts nothing. */
export function pulumiEngine(settings: EngineSettings): Engine {
  const open = stackOpener(settings);
  const operate = async (
    stack: DesiredStack,
    act: (opened: Stack, onEvent: (event: EngineEvent) => void) => Promise<unknown>,
  ): Promise<OperationRecord> => {
    const events = recordEvents();
    try {
      await act(await open(stack), events.onEvent);
    } catch (error) {
      const [first] = events.record().errors;
      throw new PortcullisError('stack-failed', `${stack.key}: ${first ?? commandReason(error)}`, {
        cause: error,
      });
    }
    return events.record();
  };
  return {
    up: (stack, recover) =>
      operate(stack, async (opened, onEvent) => {
        // Elsewhere the owner may live: a lock that is in the way is reported, never broken.
        if (recover && ownsState(settings)) await opened.cancel();
        await opened.up({ refresh: true, onEvent, color: 'never', suppressProgress: true });
      }),
    preview: (stack) =>
      operate(stack, (opened, onEvent) =>
        opened.preview({ refresh: true, onEvent, color: 'never', suppressProgress: true }),
      ),
  };
}
