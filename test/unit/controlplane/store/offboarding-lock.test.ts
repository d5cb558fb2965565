import { beforeEach, expect, test } from 'vitest';
import { openStore, type Store } from '../../../../controlplane/store/store.ts';
import { onBothDatabases } from '../../../worlds/database.ts';
import { createDepartureWorld, emptied } from '../../../worlds/offboarding.ts';

const id = '300000000001';
const key = `account-${id}`;

onBothDatabases((place, kind) => {
  let store: Store;
  let at: ReturnType<typeof createDepartureWorld>;
  beforeEach(async (context) => {
    place.need(context);
    const database = await place.open();
    await emptied(database);
    store = openStore(database);
    at = createDepartureWorld(database);
  }, 60_000);

  test('a stack that goes while a listing is considered waits for nobody', async ({ skip }) => {
    if (kind === 'pglite') skip('PGlite has one connection: nothing goes beside a transaction');
    await at.onboard(id);
    await at.list({ exclude: [id], shrinkPercent: 100 });
    const departure = await store.departures.get(key);
    if (!departure) throw new Error('nothing departs');
    const lease = await at.lease(key);
    await store.departures.alone(() =>
      store.departures.finish(departure, { what: 'tear-down', at: new Date() }, lease),
    );
    expect((await store.departures.get(key))?.doneAt).toBeInstanceOf(Date);
    expect(await at.stacks()).toEqual([]);
  });
});
