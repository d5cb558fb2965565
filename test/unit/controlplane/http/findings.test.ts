import { randomUUID } from 'node:crypto';
import { describe, expect } from 'vitest';
import { findingId } from '../../../../controlplane/store/findings/identity.ts';
import { suspectMissed } from '../../../../controlplane/store/sweeps/missed-events.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { cell, observed, reading } from '../../../worlds/finding-sample.ts';
import { httpWorld } from './world.ts';

const world = httpWorld();
const port = (fromPort: number, change = {}) =>
  observed({ fromPort, toPort: fromPort, ruleId: `sgr-${fromPort}`, ...change });

test.beforeEach(async () => {
  await world.store.findings.recordCell(
    reading(10, [port(22), port(80, { severity: 'low' }), port(443, { severity: null })]),
  );
});

describe('GET /v1/findings', () => {
  test('gives findings with the counts of all', async () => {
    const { status, body } = await world.ask('/v1/findings?limit=2');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      total: 3,
      counts: {
        state: { open: 3, excepted: 0, remediated: 0, resolved: 0 },
        severity: { critical: 1, high: 0, medium: 0, low: 1, none: 1 },
        exposure: { reachable: 3, attached: 0, unattached: 0, unknown: 0 },
      },
    });
    expect(body.findings).toMatchObject([
      {
        ...{ severity: 'critical', state: 'open', fromPort: 22, cameIn: 'sweep', cameInBy: 'sweep-10' },
        ...{ firstSeen: '2026-03-02T09:00:10.000Z', exposure: 'reachable', addresses: ['203.0.113.7'] },
        controls: expect.arrayContaining([{ standard: 'security-hub', control: 'EC2.13' }]),
      },
      { severity: 'low' },
    ]);
    const next = await world.ask(`/v1/findings?limit=2&cursor=${body.next}`);
    expect(next.body).toMatchObject({ total: 3, counts: null, next: null, findings: [{ severity: null }] });
  });

  test('filters, and binds the cursor to the filters', async () => {
    const low = await world.ask('/v1/findings?severity=low&state=open&account=300000000001&sort=newest');
    expect(low.body).toMatchObject({ total: 1, findings: [{ fromPort: 80 }] });
    const { next } = (await world.ask('/v1/findings?limit=1')).body;
    expect(await world.ask(`/v1/findings?limit=1&state=open&cursor=${next}`)).toMatchObject({ status: 400 });
    expect(await world.ask(`/v1/findings?limit=1&sort=oldest&cursor=${next}`)).toMatchObject({ status: 400 });
  });

  test.each([
    ['severity=worst', /^severity: must be one of: critical, high, medium, low, none/],
    ['exposure=open', /^exposure: must be one of: reachable, attached, unattached, unknown/],
    ['state=closed', /^state: must be one of: open, excepted, remediated, resolved/],
    ['sort=age', /^sort: must be one of: severity, oldest, newest, account/],
    ['olderThan=week', /^olderThan: must be a number of days/],
    ['olderThan=1.5', /^olderThan: must be a whole number of days/],
    ['olderThan=-1', /^olderThan: must be 0 days or more/],
    ['olderThan=99999', /^olderThan: must be 3650 days or less/],
    ['owner=', /^owner: /],
    ['region=mars', /^region: must be a Region such as/],
    ['account=1', /^account: must be a 12-digit/],
    ['organizationalUnit=x', /^organizationalUnit: must be an organizational unit/],
    ['cursor=x', /^cursor: is not one that this list gave/],
    ['colour=red', /colour/],
  ])('refuses ?%s and names the field', async (query, message) => {
    expect(await world.ask(`/v1/findings?${query}`)).toMatchObject({
      ...{ status: 400, code: 'invalid-request', message: expect.stringMatching(message) },
    });
  });

  test('names all mistakes at once', async () => {
    const { message } = await world.ask('/v1/findings?state=x&severity=y');
    expect(message).toMatch(/state: .*severity: |severity: .*state: /);
  });
});

describe('GET /v1/findings/:id', () => {
  test('gives the finding with the changes of its state', async () => {
    await world.store.findings.recordCell(reading(20, [port(80)]));
    const [{ id }] = (await world.ask('/v1/findings?state=resolved&sort=newest')).body.findings;
    const { body } = await world.ask(`/v1/findings/${id}`);
    expect(body).toMatchObject({ id, state: 'resolved', readAt: '2026-03-02T09:00:20.000Z' });
    expect(body.history).toMatchObject([
      { from: 'open', to: 'resolved', at: '2026-03-02T09:00:20.000Z', causeId: 'sweep-20' },
      { from: null, to: 'open', cause: 'sweep', causeId: 'sweep-10' },
    ]);
  });

  test('has the last event that was missed, with the hop; none before it was judged, none for other findings', async ({
    kept: { database },
  }) => {
    const { groupId, ingress } = port(22);
    const path = `/v1/findings/${findingId({ ...cell, groupId, ingress })}`;
    const other = `/v1/findings/${findingId({ ...cell, ...port(80) })}`;
    const suspicion = (day: number) => ({
      ...{ ...cell, groupId, ingress, sweepId: randomUUID(), openedBy: null },
      afterAt: new Date(Date.UTC(2026, 2, day)),
      foundAt: new Date(Date.UTC(2026, 2, day + 1)),
    });
    await suspectMissed(database.query, [suspicion(1), suspicion(3), suspicion(5)]);
    expect((await world.ask(path)).body.missedEvent).toBeNull();
    const judge = (day: number, state: 'missed' | 'announced', hop: 'trail' | 'rule' | null) =>
      world.store.sweeps.missed.judge(suspicion(day), { state, hop, message: hop && `${hop} is at fault` });
    await judge(1, 'missed', 'trail');
    await judge(3, 'missed', 'rule');
    await judge(5, 'announced', null);
    expect((await world.ask(path)).body.missedEvent).toMatchObject({
      ...{ hop: 'rule', message: 'rule is at fault', foundAt: '2026-03-04T00:00:00.000Z' },
    });
    expect((await world.ask(other)).body.missedEvent).toBeNull();
  });

  test('says where the list is when there is none of that id', async () => {
    expect(await world.ask('/v1/findings/f-none')).toMatchObject({
      ...{ status: 404, code: 'not-found', message: expect.stringContaining('GET /v1/findings lists them') },
    });
  });
});
