import type { StackArguments } from '../../programs/arguments.ts';
import { reasonOf } from '../settings/errors.ts';
import type { StackKey } from '../stacks/key.ts';
import type { ResourceChange } from '../stacks/operation-record.ts';
import { type Adoption, adoptExisting, adoptPending, type Candidate } from './adoption.ts';
import type { CliStack } from './cli.ts';
import { CommandFailed } from './command.ts';
import { type Conflicts, recordConflicts } from './conflicts.ts';
import { type EngineEvent, type EventRecorder, recordEvents } from './events.ts';
import { OperationFailed } from './failure.ts';
import { isOurs } from './import-ids.ts';
import { changedSince } from './interrupted.ts';
import { endOrphans, LockHeld, lockedMessage, locksIn } from './lock.ts';
import { keepRetired } from './retired.ts';

/** A stack with the arguments it was last made with; they name its place and how to reach it. */
export interface StackAt {
  readonly key: StackKey;
  readonly arguments: StackArguments;
}

/**
 * `up` refreshes the stack, then makes its resources as declared. `preview` says what that would change, and changes no
 * resource. `destroy` deletes every resource.
 */
export type OperationKind = 'up' | 'preview' | 'destroy';

/** One operation on one stack. By its lease, the caller guarantees that no other living worker uses the stack. */
export interface Operation {
  readonly kind: OperationKind;
  readonly stack: StackAt;
  /** An earlier holder may have left a lock and half-made resources; its lease is dead. */
  readonly recover: boolean;
  /** When the intent of an operation that was cut short was recorded. */
  readonly interruptedAt?: Date | undefined;
  /** The programs of another release made the stack, or tried to. */
  readonly upgrade?: boolean | undefined;
  /** The stack is known to exist in the state; where it does not after all, it is made. */
  readonly known: boolean;
}

const stderrOf = (error: unknown): string => (error instanceof CommandFailed ? error.stderr : '');
const isLocked = (error: unknown): boolean =>
  /the stack is currently locked by|\[409\] Conflict: Another update is currently in progress/.test(
    stderrOf(error),
  );
/** Several first operations at once make the table of a Postgres state, and all but one lose. */
const isFirstUse = (error: unknown): boolean => /failed to create table/.test(stderrOf(error));
const isThere = (error: unknown): boolean => /stack.*already exists/.test(stderrOf(error));
export const isMissing = (error: unknown): boolean => /no stack named.*found/.test(stderrOf(error));

/** The error of the CLI, from the output of a failed command. */
export function commandReason(error: unknown): string {
  if (error instanceof CommandFailed && error.killed) return 'the Pulumi CLI was killed';
  const [, line] = (error instanceof Error && /^\s*(?:stderr: )?error: (.+)$/m.exec(error.message)) || [];
  return line ?? reasonOf(error);
}

/** Each round resolves one conflict; creating a hub where one exists takes three. */
const rounds = 8;

interface Attempts {
  readonly opened: CliStack;
  readonly operation: Operation;
  readonly signal: AbortSignal;
  readonly events: EventRecorder;
  /** Resources that were taken over already: a second time would not help. */
  readonly tried: Set<string>;
  exists: boolean;
  settled: boolean;
  interrupted: readonly ResourceChange[] | undefined;
  /** The engine began: it had the lock, and the state was readable. */
  entered: boolean;
}

/** Replaces the state, and marks the adopted resources in the record. */
async function adopt({ opened, events, tried }: Attempts, { text, urns }: Adoption): Promise<void> {
  await opened.replaceState(text);
  events.adopt(urns);
  for (const urn of urns) tried.add(urn);
}

/**
 * Records the creates that were in progress when their process died as done, for the next refresh, and marks what must
 * stay in AWS when this update drops it from the state.
 */
async function settle(attempts: Attempts): Promise<void> {
  const { opened, operation } = attempts;
  let text = await opened.run('stack', 'export');
  const kept = operation.kind === 'up' ? keepRetired(text) : undefined;
  if (kept) {
    await opened.replaceState(kept);
    text = kept;
  }
  if (operation.interruptedAt) attempts.interrupted ??= changedSince(text, operation.interruptedAt);
  const found = adoptPending(text, operation.stack.arguments.place);
  if (found) await adopt(attempts, found);
  attempts.settled = true;
}

/** Whether what exists already could be taken over: it is ours by name, and was not tried before. */
async function takeOver(attempts: Attempts, taken: readonly Candidate[]): Promise<boolean> {
  const fresh = taken.filter(({ urn, inputs }) => !attempts.tried.has(urn) && isOurs(inputs ?? {}));
  if (fresh.length === 0) return false;
  const text = await attempts.opened.run('stack', 'export');
  const found = adoptExisting(text, fresh, attempts.operation.stack.arguments.place);
  if (found.urns.length === 0) return false;
  await adopt(attempts, found);
  return true;
}

/** Whether the cause of the failed attempt is resolved now. */
async function cleared(attempts: Attempts, error: unknown, conflicts: Conflicts): Promise<boolean> {
  const { opened, operation, signal } = attempts;
  if (signal.aborted) return false;
  if (await opened.repairState()) return true;
  if (isMissing(error) && attempts.exists) {
    attempts.exists = false;
    return true;
  }
  if (isLocked(error)) {
    const owners = locksIn(stderrOf(error));
    if (operation.recover) await endOrphans(operation.stack.key, owners);
    else if (!(await opened.areOurDead(owners))) return false;
    await opened.cancel();
    attempts.settled = false; // its owner may have worked until now
    return true;
  }
  if (isFirstUse(error)) return true;
  return takeOver(attempts, conflicts.taken());
}

async function attempt(attempts: Attempts, conflicts: Conflicts): Promise<boolean> {
  const { opened, operation, events } = attempts;
  if (!attempts.exists) {
    await opened.create().catch((error) => {
      if (!isThere(error)) throw error;
    });
    attempts.exists = true;
  }
  if (!attempts.settled) await settle(attempts);
  await opened.operate(operation.kind, (event: EngineEvent) => {
    if (event.resourcePreEvent) attempts.entered = true;
    events.onEvent(event);
    conflicts.onEvent(event);
  });
  attempts.settled = !conflicts.leftOver();
  return attempts.settled;
}

/** The message of a failure: the engine's first error, and whether a foreign resource has the name. */
function reported(error: unknown, attempts: Attempts, conflicts: Conflicts): string {
  const { opened, operation, signal, events } = attempts;
  if (signal.aborted) return `ended: ${reasonOf(signal.reason)}`;
  if (error instanceof LockHeld) return error.message;
  if (isLocked(error)) return lockedMessage(stderrOf(error), operation.stack.key, opened.state);
  const foreign = conflicts.taken().some(({ inputs }) => !isOurs(inputs ?? {}));
  const [first = commandReason(error)] = events.record().errors;
  if (/Scope ARN: \S+ does not exist/.test(first)) {
    return `${first}; create the permissions boundary in this account, or correct PORTCULLIS_PERMISSIONS_BOUNDARY`;
  }
  return foreign ? `${first}; it is not one that Portcullis made: remove it or rename it` : first;
}

/**
 * Carries an operation out in spite of what earlier, dead holders of the stack left: locks, creates in progress,
 * resources that the state does not know. Without `recover` no lock is broken but one that a dead CLI process of this very
 * work directory left. Once the signal aborts, the operation ends soon and fails, with its state written and its lock released.
 * @throws OperationFailed with the reason as its message, and the cause
 */
export async function carryOut(opened: CliStack, operation: Operation, signal: AbortSignal) {
  const events = recordEvents();
  const attempts: Attempts = {
    opened,
    operation,
    signal,
    events,
    tried: new Set(),
    exists: operation.known,
    settled: !operation.recover && !operation.upgrade,
    interrupted: undefined,
    entered: false,
  };
  const record = () => ({
    ...events.record(),
    ...(attempts.interrupted && { interrupted: attempts.interrupted }),
  });
  for (let left = rounds; ; left -= 1) {
    const conflicts = recordConflicts();
    const fail = (cause: unknown): never => {
      const partWay = {
        record: record(),
        entered: attempts.entered,
        locked: cause instanceof LockHeld || isLocked(cause),
      };
      throw new OperationFailed(reported(cause, attempts, conflicts), partWay, { cause });
    };
    try {
      if (await attempt(attempts, conflicts)) return record();
    } catch (error) {
      // Resolving it may fail as well, with an error of its own.
      const resolved = left > 0 && (await cleared(attempts, error, conflicts).catch(fail));
      if (!resolved) fail(error);
    }
    events.again();
  }
}
