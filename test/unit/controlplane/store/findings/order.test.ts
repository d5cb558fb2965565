import fc from 'fast-check';
import { expect } from 'vitest';
import type { CellReading, FindingState } from '../../../../../controlplane/store/findings/finding.ts';
import { findingId } from '../../../../../controlplane/store/findings/identity.ts';
import type { RemediationResult } from '../../../../../lambda/contract/result.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { observed, reading } from '../../../../worlds/finding-sample.ts';
import { finding, remediation } from '../../../../worlds/remediation-sample.ts';

const region = 'eu-west-1';
const places = ['sg-1', 'sg-2'].flatMap((groupId) => [22, 80].map((port) => ({ groupId, port })));
type Place = (typeof places)[number];

/** One thing that happens; each takes a second. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('open' as const), at: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), at: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('sweep' as const),
      excepted: fc.subarray(places),
      undecided: fc.subarray(places, { maxLength: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('observe' as const), at: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('revoke' as const), at: fc.nat(3) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

type Message = { readonly cell: CellReading } | { readonly result: RemediationResult };

/** What the list must say in the end. */
interface Expected {
  state: FindingState;
  readonly firstSeen: number;
  lastSeen: number;
}

const timeOf = (second: number) => new Date(Date.UTC(2026, 2, 2, 9, 0, second));

/** The messages that a history of a small cell sends, and what its findings are in the end: the newest read decides. */
function play(steps: readonly Step[], accountId: string) {
  const rules = new Map<Place, string>();
  const expected = new Map<Place, Expected>();
  const messages: Message[] = [];
  const read = (place: Place, state: FindingState, second: number) => {
    const known = expected.get(place);
    if (state === 'resolved') {
      if (known?.state === 'open' || known?.state === 'excepted') known.state = state;
    } else if (known) Object.assign(known, { state, lastSeen: second });
    else expected.set(place, { state, firstSeen: second, lastSeen: second });
  };
  const sweep = ({ excepted, undecided }: Extract<Step, { kind: 'sweep' }>, second: number) => {
    const decided = places.filter((place) => !undecided.includes(place));
    const there = decided.filter((place) => rules.has(place));
    for (const place of decided)
      read(place, !rules.has(place) ? 'resolved' : excepted.includes(place) ? 'excepted' : 'open', second);
    const rule = ({ groupId, port }: Place) => observed({ groupId, fromPort: port, toPort: port });
    const findings = there.map((place) => ({
      ...rule(place),
      ruleId: rules.get(place) ?? null,
      exceptions: excepted.includes(place) ? [{ name: 'x', expires: null }] : [],
    }));
    const open = undecided.map((place) => ({ ...rule(place), ruleId: rules.get(place) ?? '', reason: 'x' }));
    messages.push({ cell: reading(second, findings, { accountId, region, undecided: open }) });
  };
  const event = (group: string, revokes: boolean, second: number) => {
    const there = places.filter((place) => place.groupId === group && rules.has(place));
    const findings = there.map((place) =>
      finding({
        ...{ ruleId: rules.get(place) ?? '', fromPort: place.port, toPort: place.port },
        action: revokes ? 'revoked' : 'observed',
      }),
    );
    const isClean = there.length === 0;
    for (const place of places.filter(({ groupId }) => groupId === group)) {
      if (there.includes(place)) read(place, revokes ? 'remediated' : 'open', second);
      else if (isClean) read(place, 'resolved', second);
      if (revokes) rules.delete(place);
    }
    const time = timeOf(second).toISOString();
    messages.push({
      result: remediation({
        ...{ eventId: `${accountId}-${second}`, account: accountId, region, groupId: group, time, findings },
        outcome: isClean ? 'clean' : revokes ? 'remediated' : 'observed',
        timeline: { eventTime: null, receivedAt: time, revokedAt: null },
      }),
    });
  };
  for (const [second, each] of steps.entries()) {
    if (each.kind === 'sweep') {
      sweep(each, second);
      continue;
    }
    const place = places[each.at] as Place;
    if (each.kind === 'open') rules.set(place, `sgr-${second}`);
    else if (each.kind === 'close') rules.delete(place);
    else event(place.groupId, each.kind === 'revoke', second);
  }
  return { messages, expected };
}

const world = fc
  .array(step, { minLength: 1, maxLength: 16 })
  .chain((steps) =>
    fc.tuple(fc.constant(steps), fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }))),
  );

test('readings and results in any order, some of them twice, end in the state of the newest read', async ({
  database,
  store,
}) => {
  let run = 300_000_000_000;
  await fc.assert(
    fc.asyncProperty(world, async ([steps, random]) => {
      const accountId = String(++run);
      const { messages, expected } = play(steps, accountId);
      const repeated = [...messages, ...messages.filter((_, index) => index % 3 === 0)];
      const order = repeated
        .map((message) => ({ message, place: random.next().value as number }))
        .sort((one, other) => one.place - other.place);
      for (const { message } of order) {
        if ('cell' in message) await store.findings.recordCell(message.cell);
        else await store.remediations.append(message.result);
      }
      const rows = await database.query<{ id: string; state: string; firstSeen: Date; lastSeen: Date }>(
        `select id, state, first_seen, greatest(seen_at, gone_at) as last_seen from finding
         where account_id = $1 order by id`,
        [accountId],
      );
      const wanted = [...expected].map(([{ groupId, port }, { state, firstSeen, lastSeen }]) => ({
        id: findingId({ accountId, region, groupId, ingress: `tcp ${port} ${port} 0.0.0.0/0` }),
        ...{ state, firstSeen: timeOf(firstSeen), lastSeen: timeOf(lastSeen) },
      }));
      expect(rows).toEqual(wanted.sort((one, other) => (one.id < other.id ? -1 : 1)));
      const history = await database.query<{ findingId: string; fromState: string | null; toState: string }>(
        `select finding_id, from_state, to_state from finding_change
         where finding_id in (select id from finding where account_id = $1) order by id`,
        [accountId],
      );
      for (const { id, state } of rows) {
        const own = history.filter(({ findingId: of }) => of === id);
        expect(own.map(({ fromState }) => fromState)).toEqual([
          null,
          ...own.slice(0, -1).map(({ toState }) => toState),
        ]);
        expect(own.every(({ fromState, toState }) => fromState !== toState)).toBe(true);
        expect(own.at(-1)?.toState).toBe(state);
      }
    }),
    { numRuns: 150 },
  );
});
