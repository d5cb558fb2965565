import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect } from 'vitest';
import { openBoss } from '../../../../controlplane/queue/boss.ts';
import { openLeases } from '../../../../controlplane/queue/leases.ts';
import { messageHandlers } from '../../../../controlplane/remediations/messages.ts';
import { planRestore } from '../../../../controlplane/remediations/restore/plan.ts';
import { type Advance, runQueue } from '../../../../controlplane/runs/queue.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { RunRequest } from '../../../../controlplane/store/runs.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { createMeter, silentMeter } from '../../../../controlplane/telemetry/metrics.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { createWorld, fixture } from '../../../worlds/lambda.ts';
import { finding, remediation } from '../../../worlds/remediation-sample.ts';

let database: Database;
let store: Store;

test.beforeEach(({ given: embedded }) => {
  ({ database, store } = embedded);
});

const log = makeLogger('silent');
/** The keys that were woken. */
let woken: string[] = [];
beforeEach(() => {
  woken = [];
});
const received = () =>
  messageHandlers({
    ...{ store, log, meter: silentMeter },
    queue: { enqueue: async (keys) => void woken.push(...keys) },
  });
const sample = (name: string) =>
  readFileSync(new URL(`../../../fixtures/lifecycle/${name}.eventbridge.json`, import.meta.url), 'utf8');
const envelope = (detail: object) => JSON.stringify({ source: 'portcullis', detail });

describe('a result', () => {
  test('becomes one entry of the audit log, however often it comes', async () => {
    const result = remediation();
    for (let times = 0; times < 3; times += 1) await received().result(envelope(result));
    expect((await store.remediations.page({}, { limit: 10 })).items).toMatchObject([
      { eventId: result.eventId, result },
    ]);
  });

  test('of a duplicate that found the rule deleted and of the one that revoked it is one entry, counted once as the first and once as a change', async () => {
    const registry = new Registry();
    const meter = createMeter(registry);
    const { result } = messageHandlers({ store, queue: { enqueue: async () => undefined }, log, meter });
    const gone = remediation({ outcome: 'rule-gone', reason: 'it was deleted' });
    const revoked = remediation({ findings: [finding()] });
    for (const each of [gone, gone, revoked, gone, revoked]) await result(envelope(each));
    const text = await registry.metrics();
    const counted = [...text.matchAll(/^portcullis_remediations_total\{(.*)\} ([1-9]\d*)$/gm)];
    expect(counted.map(([, labels, count]) => [labels, count])).toEqual([
      ['outcome="remediated",change="later"', '1'],
      ['outcome="rule-gone",change="first"', '1'],
    ]);
    expect((await store.remediations.page({}, { limit: 10 })).items).toMatchObject([
      { outcome: 'remediated', result: { findings: [{ undo: finding().undo }] } },
    ]);
  });

  test('of an event that two invocations handle can be restored, in any order of their results', async () => {
    const world = createWorld();
    const event = fixture('authorize-nested');
    await world.handler(event);
    await world.handler(event);
    expect(world.published.map(({ outcome }) => outcome)).toEqual(['remediated', 'rule-gone']);
    for (const detail of world.published.toReversed()) await received().result(envelope(detail));
    const [record] = await store.remediations.ofEvent(event.id);
    if (!record) throw new Error('no remediation');
    const words = { owner: 'web', why: 'a partner', ticket: 'SEC-7', permanent: true } as const;
    const plan = planRestore(record, words, { id: randomUUID(), by: 'ops', at: new Date() });
    expect(plan.rules).toMatchObject([{ undo: { ipPermission: { IpProtocol: 'tcp', FromPort: 22 } } }]);
  });

  test.each([
    ['no JSON', 'not json'],
    ['nothing', ''],
    ['another version', envelope({ ...remediation(), schemaVersion: 2 })],
    ['an unknown outcome', envelope({ ...remediation(), outcome: 'fine' })],
    ['no detail', '{}'],
  ])('that cannot be read fails, so that its message comes again: %s', async (_, body) => {
    await expect(received().result(body)).rejects.toThrow();
    expect((await store.remediations.page({}, { limit: 10 })).items).toEqual([]);
  });
});

describe('a lifecycle event', () => {
  test('of a new account wakes the organization and that account', async () => {
    await received().lifecycle(sample('org-create-account-result'));
    expect(woken).toEqual(['organization', 'account-444455556666']);
    expect((await store.lifecycleEvents.page({}, { limit: 10 })).items).toMatchObject([
      { action: 'reconcile account' },
    ]);
    expect(await store.lifecycleEvents.expected(60_000)).toEqual(['444455556666']);
  });

  test('of a closing wakes the organization', async () => {
    await received().lifecycle(sample('org-close-account-result'));
    expect(woken).toContain('organization');
  });

  test('of changed tags has them read again, by the hub', async () => {
    const ids = ['300000000001', '300000000002'];
    const seen = ids.map((id) => ({
      ...{
        id,
        name: id,
        state: 'ACTIVE' as const,
        joinedAt: undefined,
        parents: [],
        unitNames: [],
        path: '',
      },
    }));
    await store.accounts.seen(seen, new Date());
    for (const id of ids) {
      await store.accounts.setTags(id, { team: 'web' }, new Date());
      const detail = { eventName: 'TagResource', requestParameters: { resourceId: id, tags: [] } };
      await received().lifecycle(JSON.stringify({ ...JSON.parse(sample('org-move-account')), id, detail }));
      expect((await store.accounts.get(id))?.tagsReadAt).toBeNull();
    }
    expect(new Set(woken)).toEqual(new Set(['hub']));
    expect((await store.lifecycleEvents.page({}, { limit: 1 })).items).toMatchObject([
      { action: 'reconcile hub' },
    ]);
  });

  test('that comes again is kept once', async () => {
    await received().lifecycle(sample('org-move-account'));
    await received().lifecycle(sample('org-move-account'));
    expect((await store.lifecycleEvents.page({}, { limit: 10 })).items).toHaveLength(1);
  });

  test('that is not relevant is kept with the reason, and enqueues nothing', async () => {
    const event = { ...JSON.parse(sample('org-move-account')), detail: { eventName: 'EnablePolicyType' } };
    await received().lifecycle(JSON.stringify(event));
    expect(woken).toEqual([]);
    expect((await store.lifecycleEvents.page({}, { limit: 10 })).items).toMatchObject([
      { action: 'nothing: not relevant' },
    ]);
  });

  test('that cannot be read fails, so that its message comes again', async () => {
    await expect(received().lifecycle('not json')).rejects.toThrow();
  });
});

describe('the queue of runs', () => {
  /** Notes each run, and ends it when let go. */
  const carried = (wait: Promise<unknown> = Promise.resolve()) => {
    const begun: string[] = [];
    const advance = async (id: string) => {
      begun.push(id);
      await store.runs.start(id);
      await wait;
      await store.runs.finish(id, 'succeeded', null);
    };
    return { begun, advance };
  };
  const whole: RunRequest = { kind: 'reconcile', scope: {}, onlyChanged: false, requestedBy: 'a test' };
  const open = (advance: Advance) =>
    runQueue({
      boss: openBoss(database, log),
      store,
      leases: openLeases(database, log),
      advance,
      meter: silentMeter,
      log,
    });
  const until = async (condition: () => Promise<boolean> | boolean) => {
    while (!(await condition())) await new Promise((done) => setTimeout(done, 50));
  };
  const finished = (id: string) => async () => (await store.runs.get(id))?.state === 'succeeded';

  test('equal requests that wait are carried out once, one that comes later again', async () => {
    const gate = Promise.withResolvers<void>();
    const { begun, advance } = carried(gate.promise);
    const asked = Promise.withResolvers<void>();
    const queue = open(async (id) => {
      await asked.promise; // a worker is fast enough to begin the first before the second is asked for
      return advance(id);
    });
    await queue.start();
    const [first, same] = [await queue.request(whole), await queue.request(whole)];
    expect(same.id).toBe(first.id);
    asked.resolve();
    await until(async () => (await store.runs.get(first.id))?.state === 'running');
    const later = await queue.request(whole);
    expect(later.id).not.toBe(first.id);
    gate.resolve();
    await until(finished(later.id));
    await queue.stop();
    expect(begun.sort()).toEqual([first.id, later.id].sort());
  });

  test('a run that waits or was cut short goes on after a restart, once', async () => {
    const before = open(carried().advance);
    await before.start();
    await before.stop();
    const { run: waiting } = await store.runs.createUnlessWaiting(whole);
    const { run: cut } = await store.runs.createUnlessWaiting({ ...whole, onlyChanged: true });
    await store.runs.start(cut.id);
    const { begun, advance } = carried(new Promise((done) => setTimeout(done, 1_500)));
    const [one, two] = [open(advance), open(advance)];
    await one.start();
    await until(() => begun.length === 2);
    await until(async () => (await finished(waiting.id)()) && (await finished(cut.id)()));
    await one.stop();
    await two.start();
    await two.stop();
    expect(begun.sort()).toEqual([waiting.id, cut.id].sort());
  });

  test('a run left in the queue by a process that died is carried out once after a restart', async () => {
    const dead = open(carried().advance);
    await dead.start();
    await dead.stop();
    // What that process had queued and not begun.
    const { run } = await store.runs.createUnlessWaiting(whole);
    await database.query(
      `insert into queue.job (name, data, singleton_key, policy) values ('run', $1, $2, (select policy from queue.queue where name = 'run'))`,
      [JSON.stringify({ runId: run.id }), run.id],
    );
    const { begun, advance } = carried(new Promise((done) => setTimeout(done, 2_000)));
    const queue = open(advance);
    await queue.start();
    await until(finished(run.id));
    await queue.stop();
    expect(begun).toEqual([run.id]);
  });

  test('a run whose job was never queued is carried out when it is asked for again', async () => {
    const { begun, advance } = carried();
    const queue = open(advance);
    await queue.start();
    const { run } = await store.runs.createUnlessWaiting(whole);
    expect((await queue.request(whole)).id).toBe(run.id);
    await until(finished(run.id));
    await queue.stop();
    expect(begun).toEqual([run.id]);
  });
});
