import { randomUUID } from 'node:crypto';
import { describe, expect } from 'vitest';
import type { Store } from '../../../../controlplane/store/store.ts';
import { partsOf } from '../../../../lambda/notify/publish.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { finding, remediation } from '../../../worlds/remediation-sample.ts';

function orders<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, at) => orders(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

let store: Store;
test.beforeEach(({ store: opened }) => {
  store = opened;
}, 60_000);
const of = async (eventId: string) => (await store.remediations.ofEvent(eventId))[0];

describe('an event that is delivered twice', () => {
  const revoked = (eventId: string) => remediation({ eventId, findings: [finding()] });
  const gone = (eventId: string) =>
    remediation({ eventId, outcome: 'rule-gone', reason: 'it did not exist', mode: null });
  const goneToo = (eventId: string) =>
    remediation({
      ...{ eventId, outcome: 'rule-gone', time: '2026-03-02T09:15:12Z' },
      findings: [finding({ action: 'already-gone', undo: null })],
    });

  test('is remediated, with what puts the rule back, in any order of its results', async () => {
    const records = [];
    for (const order of orders([gone, revoked, goneToo, gone])) {
      const eventId = randomUUID();
      for (const make of order) await store.remediations.append(make(eventId));
      const { id: _, eventId: __, result, ...record } = (await of(eventId)) ?? {};
      records.push({ ...record, result: { ...result, eventId: '' } });
    }
    for (const record of records) {
      expect(record).toMatchObject({ outcome: 'remediated', result: { findings: [finding()] } });
      expect(record).toEqual(records[0]);
    }
  });

  test('says that the outcome changed when it did, and not for a repetition', async () => {
    const eventId = randomUUID();
    const changed = [];
    for (const make of [gone, gone, revoked, goneToo, revoked, gone])
      changed.push(await store.remediations.append(make(eventId)));
    const first = { outcome: 'rule-gone', change: 'first' };
    const later = { outcome: 'remediated', change: 'later' };
    expect(changed).toEqual([first, undefined, later, undefined, undefined, undefined]);
  });

  test('loses nothing where its results arrive in the same moment', async () => {
    const eventId = randomUUID();
    const findings = ['sgr-1', 'sgr-2', 'sgr-3', 'sgr-4'].map((ruleId) => finding({ ruleId }));
    await Promise.all(
      [...findings.map((each) => [each]), []].map((each) =>
        store.remediations.append(
          remediation({ eventId, outcome: each.length > 0 ? 'remediated' : 'rule-gone', findings: each }),
        ),
      ),
    );
    const record = await of(eventId);
    expect(record?.outcome).toBe('remediated');
    expect(record?.result.findings).toEqual(findings);
  });

  test('is listed by its merged outcome', async () => {
    const eventId = randomUUID();
    const account = '300000000077';
    await store.remediations.append({ ...gone(eventId), account });
    await store.remediations.append({ ...revoked(eventId), account });
    const listed = async (outcome: string) =>
      (await store.remediations.page({ account, outcome }, { limit: 9 })).total;
    expect(await listed('remediated')).toBe(1);
    expect(await listed('rule-gone')).toBe(0);
  });
});

test('an escalated rule is open until a later result of its group says otherwise', async () => {
  const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const account = '300000000078';
  const escalated = { account, groupId: 'sg-78', outcome: 'escalated' } as const;
  const findings = [finding({ action: 'escalated', undo: null })];
  const open = async () =>
    (await store.remediations.openEscalations()).filter(({ accountId }) => accountId === account);
  await store.remediations.append(remediation({ ...escalated, eventId: 'first', time: at(9), findings }));
  expect(await open()).toMatchObject([{ region: 'eu-west-1', groupId: 'sg-78' }]);
  await store.remediations.append(
    remediation({ ...escalated, eventId: 'later', time: at(5), outcome: 'remediated' }),
  );
  expect(await open()).toEqual([]);
});

test('the parts of a result are one record again, and it says so while one is missing', async () => {
  const eventId = randomUUID();
  const findings = Array.from({ length: 1_000 }, (_, id) =>
    finding({ ruleId: `sgr-${String(id).padStart(4, '0')}` }),
  );
  const [first, ...others] = partsOf(remediation({ eventId, findings }));
  if (!first) throw new Error('no part');
  for (const part of others.toReversed()) await store.remediations.append(part);
  expect((await of(eventId))?.result.parts).toBe(others.length + 1);
  await store.remediations.append(first);
  const record = await of(eventId);
  expect(record?.result).not.toHaveProperty('parts');
  expect(record?.result.findings).toEqual(findings);
});
