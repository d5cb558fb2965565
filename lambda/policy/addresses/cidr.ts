import { isIPv4, isIPv6 } from 'node:net';

export interface Range {
  family: 4 | 6;
  first: bigint;
  last: bigint;
}

/** A prefix with the addresses it covers. Host bits are dropped, as EC2 drops them. */
export interface Cidr extends Range {
  length: number;
}

/** The prefix that a text names; undefined when the text is ambiguous (`010.0.0.0/8`, no length, a zone). */
export function parseCidr(text: string): Cidr | undefined {
  const [, address, digits] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text.trim()) ?? [];
  if (address === undefined || digits === undefined) return undefined;
  if (isIPv4(address)) return prefix(4, ipv4Number(address), Number(digits));
  if (isIPv6(address)) return prefix(6, ipv6Number(address), Number(digits));
  return undefined;
}

/** Whether any address of the range is routed on the Internet. */
export function isPublic(range: Range): boolean {
  return publicCount(range) > 0n;
}

/** How many addresses of the range are routed on the Internet (IANA special-purpose registries, RFC 6890). */
export function publicCount(range: Range): bigint {
  const reserved = range.family === 4 ? reservedIpv4 : reservedIpv6;
  const space = range.family === 4 ? range : { ...range, ...clip(range, globalUnicast) };
  return reserved.reduce((count, block) => count - size(clip(block, space)), size(space));
}

/** The IPv4 addresses that an IPv6 prefix covers in IPv4-mapped form (`::ffff:0:0/96`). */
export function mappedIpv4(cidr: Cidr): Cidr | undefined {
  if (cidr.family !== 6 || cidr.last < mapped.first || cidr.first > mapped.last) return undefined;
  if (cidr.length <= 96) return prefix(4, 0n, 0);
  return prefix(4, cidr.first - mapped.first, cidr.length - 96);
}

function clip(range: Range, to: Range) {
  return {
    first: range.first > to.first ? range.first : to.first,
    last: range.last < to.last ? range.last : to.last,
  };
}

function size({ first, last }: { first: bigint; last: bigint }): bigint {
  return last < first ? 0n : last - first + 1n;
}

function prefix(family: 4 | 6, address: bigint, length: number): Cidr | undefined {
  const bits = family === 4 ? 32 : 128;
  if (length > bits) return undefined;
  const size = 1n << BigInt(bits - length);
  const first = address - (address % size);
  return { family, length, first, last: first + size - 1n };
}

function ipv4Number(address: string): bigint {
  return address.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
}

/** Only for texts that `isIPv6` accepts: at most one `::`, at most one dotted tail. */
function ipv6Number(address: string): bigint {
  const hex = address.replace(/\d+\.\d+\.\d+\.\d+$/, (tail) => {
    const value = ipv4Number(tail);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = '', tail] = hex.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

function known(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr) throw new Error(`${text} is not a prefix`);
  return cidr;
}

const mapped = known('::ffff:0:0/96');
/** IANA allocates public IPv6 addresses from this prefix only. */
const globalUnicast = known('2000::/3');
const reservedIpv6 = ['2001:db8::/32', '3fff::/20'].map(known);
/** No two of these overlap; 224.0.0.0/3 is multicast and class E. */
const reservedIpv4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
].map(known);
