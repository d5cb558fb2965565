import { type ChildProcess, spawn } from 'node:child_process';
import { childEnvironment } from '../settings/environment.ts';
import { hasCode } from '../settings/errors.ts';

export interface CommandOptions {
  readonly cwd: string;
  /** Added to the process's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Aborted: the command is interrupted, and killed where it has not ended a while later. */
  readonly signal: AbortSignal;
  readonly onStart: (pid: number) => void;
}

export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
  /** -1 where a signal ended it. */
  readonly code: number;
}

/** A command that ended with an exit code other than 0, or by a signal; `stderr` has the reason. */
export class CommandFailed extends Error {
  readonly stderr: string;
  readonly killed: boolean;

  constructor(name: string, { stdout, stderr, code }: CommandOutput) {
    super(`${name} ended with code ${code}\n stdout: ${stdout}\n stderr: ${stderr}`);
    this.name = 'CommandFailed';
    this.stderr = stderr;
    this.killed = code < 0;
  }
}

/**
 * The signals to a command that has to end, each after so many milliseconds. The Pulumi CLI begins no further step after
 * its first interrupt, and cancels the steps in progress after its second; both times it writes the state and releases
 * the lock. Source: `pulumi up`, "cancellation", in the CLI's `makeCancelContext`.
 */
const signals = [
  { after: 0, signal: 'SIGINT' },
  { after: 10_000, signal: 'SIGINT' },
  { after: 20_000, signal: 'SIGKILL' },
] as const;

/** After a lost lease another worker may begin within seconds: this one must have ended by then. */
const fastSignals = [
  { after: 0, signal: 'SIGINT' },
  { after: 1_000, signal: 'SIGINT' },
  { after: 3_000, signal: 'SIGKILL' },
] as const;

function endOn(signal: AbortSignal, child: ChildProcess): () => void {
  const timers: NodeJS.Timeout[] = [];
  const end = () => {
    for (const step of hasCode(signal.reason, 'lease-lost') ? fastSignals : signals)
      timers.push(setTimeout(() => child.kill(step.signal), step.after));
  };
  signal.addEventListener('abort', end, { once: true });
  return () => {
    signal.removeEventListener('abort', end);
    for (const timer of timers) clearTimeout(timer);
  };
}

/**
 * Runs a command to its end, without a terminal or input.
 * @throws CommandFailed; the signal's reason, where that was aborted before the command began.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  { cwd, environment, signal, onStart }: CommandOptions,
): Promise<CommandOutput> {
  signal.throwIfAborted();
  const child = spawn(command, args, {
    cwd,
    env: childEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) onStart(child.pid);
  const forget = endOn(signal, child);
  const streams = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      streams[stream] += text;
    });
  }
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? -1));
    });
    const output = { ...streams, code };
    if (code !== 0) throw new CommandFailed(command, output);
    return output;
  } finally {
    forget();
  }
}
