import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { TrafficClause } from '../../../../lambda/policy/schema/match.ts';
import { remembering } from './address-space.ts';

/** One thing that a rule may open: a port, an ICMP type and code (256 × type + code), or a protocol without either. */
export interface Point {
  protocol: number;
  at: number;
}

/** What a rule opens: one protocol from one point to another, everything, or unknown. */
export type Opening = { protocol: number; from: number; to: number } | 'everything' | 'unknown';

const numbers = new Map([
  ['tcp', 6],
  ['udp', 17],
  ['icmp', 1],
  ['icmpv6', 58],
]);
const last = 65_535;
const hasPorts = (protocol: number) => protocol === 6 || protocol === 17;
const hasTypes = (protocol: number) => protocol === 1 || protocol === 58;

function protocolOf(text: string | number): number {
  const number =
    numbers.get(String(text).toLowerCase()) ?? (/^\d{1,3}$/.test(String(text)) ? Number(text) : -1);
  return number <= 255 ? number : -1;
}

export function openingOf({ IpProtocol = '', FromPort, ToPort }: SecurityGroupRule): Opening {
  if (IpProtocol === '-1' || IpProtocol.toLowerCase() === 'all') return 'everything';
  const protocol = protocolOf(IpProtocol);
  if (protocol < 0) return 'unknown';
  const is = (value: number | undefined, most: number): value is number =>
    value !== undefined && Number.isInteger(value) && value >= 0 && value <= most;
  if (hasPorts(protocol)) {
    if (!is(FromPort, last) || !is(ToPort, last) || FromPort > ToPort) return 'unknown';
    return { protocol, from: FromPort, to: ToPort };
  }
  if (!hasTypes(protocol) || FromPort === undefined || FromPort === -1)
    return { protocol, from: 0, to: last };
  if (!is(FromPort, 255)) return 'unknown';
  const type = FromPort * 256;
  if (ToPort === undefined || ToPort === -1) return { protocol, from: type, to: type + 255 };
  return is(ToPort, 255) ? { protocol, from: type + ToPort, to: type + ToPort } : 'unknown';
}

export function opens(opening: Opening, { protocol, at }: Point): boolean {
  if (opening === 'everything') return true;
  if (opening === 'unknown') return false;
  return opening.protocol === protocol && opening.from <= at && at <= opening.to;
}

interface Clause {
  all: boolean;
  protocols: number[];
  ports: { from: number; to: number }[] | undefined;
  /** The ports are those that the clause is not about. */
  isExcept: boolean;
  types: number[] | 'any' | undefined;
}

const read = remembering(({ protocols = [], ports, icmp }: TrafficClause): Clause => {
  const listed = ports?.any ?? ports?.except;
  return {
    all: protocols.includes('all'),
    protocols: protocols.filter((each) => each !== 'all').map(protocolOf),
    ports: listed?.map((each) => {
      const [from = 0, to = from] = String(each).split('-').map(Number);
      return { from, to };
    }),
    isExcept: ports?.except !== undefined,
    types: icmp?.types,
  };
}, new WeakMap());

/** Whether a clause of the policy is about a point. */
export function isAbout(clause: TrafficClause, { protocol, at }: Point): boolean {
  const { protocols, ports, isExcept, types } = read(clause);
  if (protocols.length > 0 && !protocols.includes(protocol)) return false;
  if (!ports && !types) return true;
  if (hasTypes(protocol)) return types === 'any' || (types ?? []).includes(Math.floor(at / 256));
  if (!hasPorts(protocol)) return isExcept;
  return ports !== undefined && ports.some(({ from, to }) => from <= at && at <= to) !== isExcept;
}

/** One point of every stretch over which each of these openings and clauses is all or nothing. */
export function pointsOf(openings: readonly Opening[], clauses: readonly TrafficClause[]): Point[] {
  const starts = new Set(clauses.flatMap(startsOf));
  const protocols = new Set<number>();
  for (const opening of openings) {
    if (opening === 'unknown') continue;
    const own =
      opening === 'everything'
        ? [1, 6, 17, 58, 99, ...clauses.flatMap((each) => read(each).protocols)]
        : [opening.protocol];
    for (const protocol of own) protocols.add(protocol);
    if (opening === 'everything') continue;
    starts.add(opening.from);
    if (opening.to < last) starts.add(opening.to + 1);
  }
  return [...protocols].flatMap((protocol) => {
    if (!hasPorts(protocol) && !hasTypes(protocol)) return [{ protocol, at: 0 }];
    return [...starts].map((at) => ({ protocol, at }));
  });
}

const startsOf = remembering((clause: TrafficClause): number[] => {
  const { ports = [], types } = read(clause);
  const listed = ports.flatMap(({ from, to }) => [from, Math.min(to + 1, last)]);
  const typed = Array.isArray(types)
    ? types.flatMap((type) => [type * 256, Math.min(type * 256 + 256, last)])
    : [];
  return [0, ...listed, ...typed];
}, new WeakMap());
