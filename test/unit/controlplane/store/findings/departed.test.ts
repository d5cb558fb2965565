import { describe, expect } from 'vitest';
import type { OrganizationAccount } from '../../../../../controlplane/stacks/account.ts';
import { findingId } from '../../../../../controlplane/store/findings/identity.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { cell, observed } from '../../../../worlds/finding-sample.ts';
import { at, database, databaseId, findingWorld, id, open, ssh } from './world.ts';

const { changes, record, row, store, sweep } = findingWorld();
const { accountId } = cell;
const other = '300000000002';

const account = (name: string): OrganizationAccount => ({
  ...{ id: name, name, state: 'ACTIVE', path: 'Root', joinedAt: undefined },
  ...{ parents: ['r-1'], unitNames: [] },
});
/** A listing of the organization that has these accounts, and what follows from it. */
const list = async (second: number, ...ids: string[]) => {
  await store().accounts.seen(ids.map(account), new Date(at(second)));
  await store().findings.closeDeparted(new Date(at(second)));
};

describe('findings of an account that left the organization', () => {
  test.beforeEach(async () => {
    await list(1, accountId, other);
    await sweep(10, [ssh, { ...database, exceptions: [{ name: 'x', expires: null }] }]);
  });

  test('are resolved with a cause of their own, and those of the others stay', async () => {
    await sweep(10, [ssh], { accountId: other });
    await list(20, accountId, other);
    expect(await row()).toMatchObject({ state: 'open' });
    await list(30, other);
    for (const each of [id, databaseId])
      expect(await row(each)).toMatchObject({ state: 'resolved', stateSince: new Date(at(30)) });
    expect((await store().findings.get(id))?.history[0]).toMatchObject({
      ...{ from: 'open', to: 'resolved', at: new Date(at(30)), cause: 'account-left', causeId: accountId },
    });
    expect(await row(findingId({ ...cell, ...ssh, accountId: other }))).toMatchObject({ state: 'open' });
    const known = await changes();
    await list(40, other);
    expect(await changes()).toEqual(known);
  });

  test('stay while the account has a stack, because a listing that shrank too much is held', async () => {
    await store().stacks.declare({
      ...{ key: `account-${accountId}`, generation: 'g' },
      arguments: { kind: 'account', place: { accountId } },
    } as never);
    await list(30, other);
    expect(await row()).toMatchObject({ state: 'open' });
  });

  test('stay when they were read after the listing began', async () => {
    await sweep(35, [ssh]);
    await list(30, other);
    expect(await row()).toMatchObject({ state: 'open' });
    expect(await sweep(50, [ssh])).toMatchObject({ previous: { readAt: new Date(at(35)) } });
  });

  test('stay resolved when an earlier event or reading arrives late', async () => {
    await list(30, other);
    await record(open(20));
    const late = observed({ fromPort: 443, toPort: 443 });
    await sweep(25, [ssh, late]);
    expect(await row()).toMatchObject({ state: 'resolved' });
    await list(40, other);
    expect(await row(findingId({ ...cell, ...late }))).toMatchObject({ state: 'resolved' });
  });

  test('are open again when the account comes back and the next reading has them, which no event missed', async () => {
    await list(30, other);
    await list(40, accountId, other);
    expect(await row()).toMatchObject({ state: 'resolved' });
    expect(await sweep(50, [ssh])).toMatchObject({ opened: [id], appeared: [id], previous: null });
    expect(await row()).toMatchObject({ state: 'open', firstSeen: new Date(at(10)) });
    expect(await row(databaseId)).toMatchObject({ state: 'resolved', stateSince: new Date(at(30)) });
  });
});
