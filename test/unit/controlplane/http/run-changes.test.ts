import { randomUUID } from 'node:crypto';
import { describe, expect } from 'vitest';
import { runChanges } from '../../../../controlplane/cli/client/run-changes.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { httpWorld } from './world.ts';

const world = httpWorld();
const keys = Array.from({ length: 7 }, (_, n) => `account-30000000000${n}`);

async function planned(): Promise<string> {
  const { run } = await world.store.runs.createUnlessWaiting({
    ...{ kind: 'reconcile', scope: {}, onlyChanged: false, requestedBy: 'ops' },
  });
  await world.store.runs.start(run.id);
  await world.store.runStacks.plan(run.id, ['hub'], 0, 'pending');
  await world.store.runStacks.plan(run.id, keys, 1, 'pending');
  return run.id;
}
const look = async (id: string, since?: string, limit = 500) =>
  (await world.ask(`/v1/runs/${id}?limit=${limit}${since ? `&since=${since}` : ''}`)).body;

describe('GET /v1/runs/:id', () => {
  test('gives all stacks in pages, and then only those that changed since', async () => {
    const id = await planned();
    const found: string[] = [];
    let answer = await look(id, undefined, 3);
    for (; ; answer = await look(id, answer.next, 3)) {
      expect(answer.stacks.length).toBeLessThanOrEqual(3);
      found.push(...answer.stacks.map(({ key }: { key: string }) => key));
      if (!answer.more) break;
    }
    expect(found.sort()).toEqual([...keys, 'hub'].sort());
    expect(answer.counts).toEqual({ pending: 8 });
    // What the first look saw may come once more; a second without any change in between has nothing.
    answer = await look(id, (await look(id, answer.next)).next);
    expect(answer.stacks).toEqual([]);
    await world.store.runStacks.end(id, 'hub', { state: 'succeeded' });
    answer = await look(id, answer.next);
    expect(answer.stacks).toMatchObject([{ key: 'hub', state: 'succeeded' }]);
    expect(answer.counts).toEqual({ pending: 7, succeeded: 1 });
  });

  test('refuses a position that is not one', async () => {
    const id = await planned();
    for (const position of [
      'nonsense',
      JSON.stringify({ at: ['x', ''] }),
      JSON.stringify({ at: ['1', 'a\0'] }),
    ])
      expect(
        await world.ask(`/v1/runs/${id}?since=${Buffer.from(position).toString('base64url')}`),
      ).toMatchObject({ status: 400, message: expect.stringMatching(/^since: /) });
  });

  test('a command that follows a run asks for changes, and has the whole run, the hub first', async () => {
    const id = await planned();
    const asked: (string | undefined)[] = [];
    let received = 0;
    const read = async (of: string, since?: string) => {
      asked.push(since);
      const answer = await look(of, since, 3);
      received += answer.stacks.length;
      return answer;
    };
    let known = await runChanges(read, id);
    expect(known.run.stacks.map(({ key }) => key)).toEqual(['hub', ...keys]);
    expect(asked).toHaveLength(3);
    known = await runChanges(read, id, known);
    received = 0;
    await world.store.runStacks.end(id, keys[4] ?? '', { state: 'failed', message: 'denied' });
    known = await runChanges(read, id, known);
    expect(received).toBe(1);
    expect(known.run.stacks).toHaveLength(8);
    expect(known.run.stacks[5]).toMatchObject({ key: keys[4], state: 'failed' });
  });
});

test('the counters of a run are what its stacks are, through every step', async ({ kept: { database } }) => {
  const id = await planned();
  const { runStacks, runs } = world.store;
  const counted = async () =>
    (await runStacks.counts(id)).map(
      ({ wave, state, recent, count }) => `${wave} ${state} ${recent} ${count}`,
    );
  const rows = async () =>
    (
      await database.query<{ text: string }>(
        `select wave || ' ' || state || ' ' || coalesce(finished_at > (select (rollout->>'resumedAt')::timestamptz from run where id = $1), true)
           || ' ' || count(*) as text from run_stack where run_id = $1
         group by wave, state, coalesce(finished_at > (select (rollout->>'resumedAt')::timestamptz from run where id = $1), true)`,
        [id],
      )
    ).map(({ text }) => text);
  const agree = async () => expect((await counted()).sort()).toEqual((await rows()).sort());
  await agree();
  await runStacks.admit(id, 1, 4);
  await agree();
  await runStacks.end(id, keys[0] ?? '', { state: 'failed' });
  await runs.pause(id, 'a person');
  await runStacks.withdraw(id);
  await agree();
  await runs.resume(id, 'ops');
  await agree();
  expect(await counted()).toContain('1 failed false 1');
  await runStacks.end(id, keys[1] ?? '', { state: 'failed' });
  await runStacks.skipRest(id, 'cancelled');
  await agree();
  expect(await counted()).toEqual(
    expect.arrayContaining(['1 failed true 1', '1 failed false 1', '1 skipped true 5']),
  );
});

test('what a run has left to do is read from its counters, not from its stacks', async ({
  kept: { database },
}) => {
  const id = randomUUID();
  const statements: string[] = [];
  const { openStore } = await import('../../../../controlplane/store/store.ts');
  const watched = openStore({
    ...database,
    query: (sql, parameters) => {
      statements.push(sql);
      return database.query(sql, parameters);
    },
  });
  await watched.runStacks.counts(id);
  expect(statements).toHaveLength(1);
  expect(statements[0]).not.toContain('run_stack');
});
