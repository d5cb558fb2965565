import type { TrafficClause } from './schema/match.ts';
import { hasPorts, hasTypes, isEverything, protocolNumber, protocolTitle } from './schema/protocol.ts';
import type { Match, SecurityGroupRule } from './security-group.ts';

/**
 * Everything that a rule can open is on one axis: protocol x 65,536 + port. For ICMP the port is type x 256 + code; a
 * protocol with neither is open as a whole. So ranges, `-1` and ICMP are compared by the same arithmetic.
 */
export interface Span {
  from: number;
  to: number;
}

const width = 65_536;
export const everything: Span = { from: 0, to: 256 * width - 1 };

/** What a security group rule opens, or why that is unknown. */
export type Opened = Span | { unknown: string };

export function openedBy(rule: SecurityGroupRule): Opened {
  if (isEverything(rule.protocol)) return everything;
  const protocol = protocolNumber(rule.protocol);
  if (protocol === undefined) return { unknown: `protocol ${rule.protocol} is unknown` };
  if (hasPorts(protocol)) return portsOf(rule, protocol);
  if (hasTypes(protocol)) return typesOf(rule, protocol);
  return whole(protocol);
}

function portsOf({ fromPort, toPort }: SecurityGroupRule, protocol: number): Opened {
  if (!within(fromPort, 65_535) || !within(toPort, 65_535) || fromPort > toPort)
    return { unknown: `${protocolTitle(protocol)} ports ${fromPort} to ${toPort} are not a port range` };
  return { from: protocol * width + fromPort, to: protocol * width + toPort };
}

/** EC2 lists an ICMP rule's type as the first port and its code as the last, -1 for any. */
function typesOf({ fromPort: type, toPort: code }: SecurityGroupRule, protocol: number) {
  if (type === null || type === -1) return whole(protocol);
  if (!within(type, 255) || (code !== null && code !== -1 && !within(code, 255)))
    return { unknown: `${protocolTitle(protocol)} type ${type} with code ${code} is not a type and code` };
  const first = protocol * width + type * 256;
  return code === null || code === -1
    ? { from: first, to: first + 255 }
    : { from: first + code, to: first + code };
}

function within(value: number | null, limit: number): value is number {
  return value !== null && Number.isInteger(value) && value >= 0 && value <= limit;
}

function whole(protocol: number): Span {
  return { from: protocol * width, to: (protocol + 1) * width - 1 };
}

const kept = new WeakMap<TrafficClause, Span[]>();

/** What a clause of the policy matches: spans in order, none overlapping. */
export function spansOf(clause: TrafficClause): Span[] {
  const known = kept.get(clause);
  if (known) return known;
  const named = clause.protocols?.filter((protocol) => protocol !== 'all').map(protocolNumber);
  const protocols = named?.length ? named.filter((protocol) => protocol !== undefined) : allProtocols;
  const spans = joined([...new Set(protocols)].flatMap((protocol) => spansWithin(clause, protocol)));
  kept.set(clause, spans);
  return spans;
}

const allProtocols = Array.from({ length: 256 }, (_, protocol) => protocol);

function spansWithin({ ports, icmp: types }: TrafficClause, protocol: number): Span[] {
  if (!ports && !types) return [whole(protocol)];
  const start = protocol * width;
  if (hasTypes(protocol)) {
    if (!types) return [];
    if (types.types === 'any') return [whole(protocol)];
    return types.types.map((type) => ({ from: start + type * 256, to: start + type * 256 + 255 }));
  }
  const listed = (ports?.any ?? ports?.except ?? []).map(toRange);
  if (!hasPorts(protocol)) return ports?.except ? [whole(protocol)] : [];
  const spans = ports?.except ? others(listed) : listed;
  return spans.map(({ from, to }) => ({ from: start + from, to: start + to }));
}

function toRange(port: number | string): Span {
  const [from = 0, to = from] = String(port).split('-').map(Number);
  return { from, to };
}

function others(listed: Span[]): Span[] {
  const gaps: Span[] = [];
  let next = 0;
  for (const { from, to } of joined(listed)) {
    if (from > next) gaps.push({ from: next, to: from - 1 });
    next = to + 1;
  }
  return next < width ? [...gaps, { from: next, to: width - 1 }] : gaps;
}

function joined(spans: Span[]): Span[] {
  const result: Span[] = [];
  for (const { from, to } of [...spans].sort((one, other) => one.from - other.from)) {
    const last = result.at(-1);
    if (last && from <= last.to + 1) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}

/** The parts of a span in which each of the other spans covers everything or nothing. */
export function stretches(of: Span, by: readonly Span[]): Span[] {
  const starts = by.flatMap(({ from, to }) => [from, to + 1]).filter((at) => of.from < at && at <= of.to);
  const cuts = [...new Set([of.from, ...starts])].sort((one, other) => one - other);
  return cuts.map((from, index) => ({ from, to: (cuts[index + 1] ?? of.to + 1) - 1 }));
}

export function spanHolds(span: Span, part: Span): boolean {
  return span.from <= part.from && part.to <= span.to;
}

/** Whether a security group rule opens anything that the clause matches. */
export function matchTraffic(clause: TrafficClause, opened: Opened): Match {
  if ('unknown' in opened) return { match: 'unknown', why: opened.unknown };
  if (opened === everything) {
    if (spansOf(clause).length > 0) return { match: 'yes', why: 'every protocol and port is open' };
    return { match: 'no', why: 'no traffic is evaluated' };
  }
  const protocol = Math.floor(opened.from / width);
  const name = protocolTitle(protocol) ?? `IP protocol ${protocol}`;
  if (clause.protocols?.includes('all')) return { match: 'no', why: `${name} is not every protocol` };
  const hit = spansOf(clause).find(({ from, to }) => from <= opened.to && opened.from <= to);
  if (hasPorts(protocol)) return portMatch(clause, name, opened, hit);
  if (!hit) return { match: 'no', why: otherMiss(clause, protocol, name) };
  if (!hasTypes(protocol))
    return { match: 'yes', why: `${name} is open whole, as it has no ports EC2 could limit` };
  const type = Math.floor((Math.max(hit.from, opened.from) % width) / 256);
  return { match: 'yes', why: `${name} type ${type} is open` };
}

function portMatch(clause: TrafficClause, name: string, opened: Span, hit: Span | undefined): Match {
  const [from, to] = [opened.from % width, opened.to % width];
  const range = from === to ? `${name} port ${from} is` : `${name} ports ${from}-${to} are`;
  if (!hit) return { match: 'no', why: `${range} ${clause.ports?.except ? 'excepted' : 'not evaluated'}` };
  const bad = Math.max(hit.from, opened.from) % width;
  if (!clause.ports?.except)
    return { match: 'yes', why: `${range} open${from === to ? '' : `, including port ${bad}`}` };
  const excess = from === to ? ', not excepted' : `, and port ${bad} is not excepted`;
  return { match: 'yes', why: `${range} open${excess}` };
}

function otherMiss({ ports, icmp: types }: TrafficClause, protocol: number, name: string): string {
  const isIcmp = hasTypes(protocol);
  if (isIcmp && ports && !types) return 'ICMP has types, not ports, and only ports are evaluated';
  return `${name} is not evaluated`;
}
