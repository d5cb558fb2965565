import { describe, expect } from 'vitest';
import { messageHandlers } from '../../../../controlplane/remediations/messages.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { silentMeter } from '../../../../controlplane/telemetry/metrics.ts';
import { databaseTest as test } from '../../../worlds/database.ts';

let store: Store;

test.beforeEach(({ given: opened }) => {
  ({ store } = opened);
});
const received = () =>
  messageHandlers({
    ...{ store, log: makeLogger('silent'), meter: silentMeter },
    queue: { enqueue: () => Promise.reject(new Error('woke a key')) },
  });

describe('the announcement of an exception that ends', () => {
  const announcement = {
    ...{ schemaVersion: 1, time: '2026-06-01T00:00:00Z', policyDigest: 'f00d', state: 'expiring' },
    ...{ name: 'partner', owner: 'web', why: 'a partner', ticket: 'SEC-7', expires: '2026-06-08T00:00:00Z' },
  };
  const said = (change: object = {}, more: object = {}) =>
    JSON.stringify({
      'detail-type': 'Portcullis Exception',
      detail: { ...announcement, ...change },
      ...more,
    });
  const lines = async () =>
    (await store.audit.list(10)).map(({ what, details }) => `${what}: ${details.name}`);

  test('is one line of the audit log for each state and expiry, however often it is said', async () => {
    const later = { name: 'other', expires: '2026-06-09T00:00:00Z' };
    for (const change of [
      {},
      { time: '2026-06-01T01:00:00Z' },
      { policyDigest: 'beef' },
      { expires: '2026-06-08T02:00:00+02:00' },
    ])
      await received().result(said(change));
    await received().result(said({ state: 'expired' }));
    await received().result(said({ expires: '2026-07-08T00:00:00Z' }));
    await received().result(said(later));
    expect((await lines()).reverse()).toEqual([
      'exception expiring: partner',
      'exception expired: partner',
      'exception expiring: partner',
      'exception expiring: other',
    ]);
    expect((await store.remediations.page({}, { limit: 10 })).items).toEqual([]);
  });

  test('that cannot be read fails, so that its message comes again', async () => {
    await expect(received().result(said({ state: 'forgotten' }))).rejects.toThrow();
    await expect(received().result(said({ expires: 'never' }))).rejects.toThrow();
  });
});
