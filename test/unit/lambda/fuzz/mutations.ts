import fc from 'fast-check';
import {
  asObject,
  change,
  copy,
  get,
  inParameters,
  isTree,
  type Mutation,
  parameters,
  pick,
  remove,
  set,
  spots,
} from './event-tree.ts';
import { forms, pascal } from './forms.ts';
import { envelopes, errorCodes, eventNames, hostile, keys } from './hostile.ts';
import { bases, type Json } from './shapes.ts';

const stepArbitrary = fc.tuple(fc.nat(999), fc.nat(9_999), fc.nat(9_999));

/** Numbers that an event is made from: a base, and steps of what is done to it, where and with what. */
export const eventArbitrary = fc.record({
  base: fc.nat(bases.length - 1),
  steps: fc.array(stepArbitrary, { maxLength: 5 }),
  formal: fc.nat(2),
});
export type EventNumbers = typeof eventArbitrary extends fc.Arbitrary<infer Numbers> ? Numbers : never;

const inDetail = (key: string, values: readonly unknown[]): Mutation => {
  return (event, at) => set(asObject(event.detail), key, pick(values, at));
};
const anywhere = (event: Json) => spots(event);
const places = (event: Json, number: number) => (number % 2 ? anywhere(event) : inParameters(event));

const deletion: Mutation = (event, at, other) => {
  const all = places(event, other);
  if (all.length > 0) remove(pick(all, at));
};

/** Another name for what is at one place, or a second one. */
const renaming: Mutation = (event, at, other) => {
  const all = inParameters(event);
  if (all.length === 0) return;
  const spot = pick(all, at);
  const value = get(spot);
  if (other % 3 > 0) remove(spot);
  set(spot.parent, pick([...keys, pascal(spot.key)], other), value);
};

const swap: Mutation = (event, at, other) => {
  const all = places(event, at);
  const [one, two] = [all[at % (all.length || 1)], all[other % (all.length || 1)]];
  if (!one || !two) return;
  const [first, second] = [get(one), get(two)];
  if (contains(first, two.parent) || contains(second, one.parent)) return;
  set(one.parent, one.key, second);
  set(two.parent, two.key, first);
};

function contains(tree: unknown, part: unknown): boolean {
  return tree === part || (isTree(tree) && Object.values(tree).some((value) => contains(value, part)));
}

const doubling = change(inParameters, (value, other) =>
  other % 2 ? [value, copy(value)] : { items: [value, copy(value), copy(value)] },
);
const evil = (_: unknown, other: number) => pick(hostile, other)();

const mutations: Mutation[] = [
  ...forms,
  ...[inDetail('errorCode', errorCodes), inDetail('eventName', eventNames)],
  (event, at) => set(event, ...pick(envelopes, at)),
  change(parameters, (value) => Object.values(asObject(value))[0] ?? value),
  change(parameters, () => ({ omitted: true, originalSize: 140_000, reason: 'too large' })),
  change(parameters, () => null),
  ...[change(inParameters, evil), change(inParameters, evil), change(anywhere, evil)],
  ...[doubling, deletion, renaming, renaming, swap],
];

/** The event that the numbers make, and whether it still names what its base names, only in other forms. */
export function createEvent({ base, steps, formal }: EventNumbers): { event: Json; isFormal: boolean } {
  const event: Json = JSON.parse(bases[base] ?? '');
  const isFormal = formal === 0;
  for (const [kind, at, other] of steps) pick(isFormal ? forms : mutations, kind)(event, at, other);
  if (isFormal || steps.length === 0) return { event, isFormal: true };
  return { event: copy(event), isFormal: false };
}
