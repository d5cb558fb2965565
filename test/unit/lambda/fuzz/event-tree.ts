import type { Json } from './shapes.ts';

/** A place in an event. */
export interface Spot {
  parent: Json | unknown[];
  key: string;
}

export const pick = <Item>(list: readonly Item[], number: number): Item => list[number % list.length] as Item;

export const isTree = (value: unknown): value is Json | unknown[] =>
  typeof value === 'object' && value !== null;

export const asObject = (value: unknown): Json => (isTree(value) && !Array.isArray(value) ? value : {});

export const get = ({ parent, key }: Spot) => Object.getOwnPropertyDescriptor(parent, key)?.value;

/** As JSON.parse would: `__proto__` is a key as any other, and a list has none but its numbers. */
export function set(parent: Json | unknown[], key: string, value: unknown): void {
  if (Array.isArray(parent) && !/^\d+$/.test(key)) return;
  Object.defineProperty(parent, key, { value, enumerable: true, writable: true, configurable: true });
}

export function remove({ parent, key }: Spot): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}

/** As it came over the wire: nothing but JSON. */
export const copy = <Tree>(tree: Tree): Tree =>
  tree === undefined ? tree : JSON.parse(JSON.stringify(tree));

/** Every place in a tree, the first 400 of them. */
export function spots(tree: unknown, found: Spot[] = []): Spot[] {
  if (!isTree(tree)) return found;
  for (const key of Object.keys(tree)) {
    if (found.length > 400) break;
    const spot = { parent: tree, key };
    found.push(spot);
    spots(get(spot), found);
  }
  return found;
}

/** The request's parameters and the answer, those that an event has. */
export const parameters = (event: Json): Spot[] => {
  const detail = asObject(event.detail);
  const sides = ['requestParameters', 'responseElements'];
  return sides.filter((key) => Object.hasOwn(detail, key)).map((key) => ({ parent: detail, key }));
};

export const inParameters = (event: Json) => parameters(event).flatMap((spot) => spots(get(spot)));

/** Does something to an event; two numbers say where and with what. */
export type Mutation = (event: Json, at: number, other: number) => void;

/** Changes what is at one of these places, if there is any. */
export const change =
  (places: (event: Json) => Spot[], by: (value: unknown, other: number, spot: Spot) => unknown): Mutation =>
  (event, at, other) => {
    const all = places(event);
    const spot = all.length > 0 ? pick(all, at) : undefined;
    if (spot) set(spot.parent, spot.key, by(get(spot), other, spot));
  };
