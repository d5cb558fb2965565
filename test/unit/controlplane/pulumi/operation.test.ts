import { describe, expect, test } from 'vitest';
import type { CliStack } from '../../../../controlplane/pulumi/cli.ts';
import { CommandFailed } from '../../../../controlplane/pulumi/command.ts';
import type { EngineEvent } from '../../../../controlplane/pulumi/events.ts';
import { partWayOf } from '../../../../controlplane/pulumi/failure.ts';
import { carryOut, type Operation, type StackAt } from '../../../../controlplane/pulumi/operation.ts';

const stack = {
  key: 'account-300000000001',
  arguments: { place: { partition: 'aws', accountId: '300000000001', region: 'eu-west-1' } },
} as unknown as StackAt;
const type = 'aws:iam/role:Role';
const urn = `urn:pulumi:${stack.key}::portcullis::${type}::portcullis-forwarder`;
const creating: EngineEvent = { resourcePreEvent: { metadata: { op: 'create', urn, type } } };
const made = { operation: 'create', type, name: 'portcullis-forwarder', properties: [] };
const failure = (stderr: string) => new CommandFailed('pulumi', { stdout: '', stderr, code: 1 });
const eof = () => failure('error: failed to load checkpoint: EOF');
const locked = () =>
  failure('error: the stack is currently locked by 1 lock(s).\n  created by root@elsewhere (pid 1) at 22:17');

/** The state of one stack, and what stands in the way of working on it. */
function world(inTheWay: Partial<Record<'unreadable' | 'locked' | 'cancelBroken', boolean>> = {}) {
  const way = { ...inTheWay };
  const opened = {
    create: async () => undefined,
    areOurDead: async () => false,
    async cancel() {
      if (way.unreadable || way.cancelBroken) throw eof();
      way.locked = false;
    },
    async repairState() {
      const repaired = way.unreadable === true;
      way.unreadable = false;
      return repaired;
    },
    async run() {
      if (way.unreadable) throw eof();
      return JSON.stringify({
        deployment: {
          resources: [{ urn, type, created: '2026-11-25T22:20:00Z', modified: '2026-11-25T22:20:00Z' }],
        },
      });
    },
    /** As the CLI does: the lock first, then the state, then the work. */
    async operate(_, onEvent) {
      if (way.locked) throw locked();
      if (way.unreadable) throw eof();
      onEvent(creating);
    },
  } as Partial<CliStack> as CliStack;
  return opened;
}

const operation = (more: Partial<Operation> = {}): Operation => ({
  ...{ kind: 'up', stack, recover: false, known: true },
  ...more,
});
const { signal } = new AbortController();
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('it went well'),
    (error: Error) => error,
  );

describe('an operation', () => {
  test.each([
    ['in the way of the operation itself', { unreadable: true }, {}],
    ['in the way of a recovery', { unreadable: true }, { recover: true }],
    ['in the way of breaking a dead lock', { unreadable: true, locked: true }, { recover: true }],
  ])('continues after it repaired a file that a kill left unreadable: %s', async (_, way, more) => {
    const opened = world(way);
    expect(await carryOut(opened, operation(more), signal)).toMatchObject({ changes: [made] });
  });

  test('whose way cannot be cleared says why, and that nothing of the stack was entered', async () => {
    const opened = world({ locked: true, cancelBroken: true });
    const error = await failureOf(carryOut(opened, operation({ recover: true }), signal));
    expect(error.message).toBe('failed to load checkpoint: EOF');
    expect(partWayOf(error)).toMatchObject({ entered: false, record: { changes: [] } });
  });

  test('that finds the stack locked, by an owner not known to be dead, did not enter it either', async () => {
    const opened = world({ locked: true });
    const error = await failureOf(carryOut(opened, operation(), signal));
    expect(error.message).toMatch(
      /^the stack is locked by root@elsewhere \(process 1\) since 22:17; .* --stack organization/,
    );
    expect(partWayOf(error)).toMatchObject({ entered: false, locked: true });
  });

  test('that fails half-way tells what it had begun', async () => {
    const opened = world();
    opened.operate = async (_, onEvent) => {
      onEvent(creating);
      onEvent({ diagnosticEvent: { severity: 'error', message: 'AccessDenied: no' } });
      throw failure('error: update failed');
    };
    const error = await failureOf(carryOut(opened, operation(), signal));
    expect(error.message).toBe('AccessDenied: no');
    expect(partWayOf(new Error('passed on', { cause: error }))).toMatchObject({
      entered: true,
      record: { changes: [made] },
    });
  });

  test('that recovers tells what the one before had made, and only where its intent is known', async () => {
    const opened = world();
    const interruptedAt = new Date('2026-11-25T22:19:59Z');
    const recovered = await carryOut(opened, operation({ recover: true, interruptedAt }), signal);
    expect(recovered.interrupted).toEqual([made]);
    expect(await carryOut(opened, operation({ recover: true }), signal)).not.toHaveProperty('interrupted');
  });
});

test('how far it came is not known of any other error', () => {
  expect(partWayOf(new Error('spawn ENOENT'))).toBeUndefined();
  expect(partWayOf('text')).toBeUndefined();
});
