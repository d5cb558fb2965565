/**
 * IP protocols by IANA number. A rule of one of these four has ports or ICMP types; EC2 limits neither for any other.
 */
const [icmp, tcp, udp, icmpv6] = [1, 6, 17, 58];

const names = new Map([
  [icmp, 'icmp'],
  [tcp, 'tcp'],
  [udp, 'udp'],
  [icmpv6, 'icmpv6'],
]);
const numbers = new Map([...names].map(([number, name]) => [name, number]));
const titles = new Map([
  [icmp, 'ICMP'],
  [tcp, 'TCP'],
  [udp, 'UDP'],
  [icmpv6, 'ICMPv6'],
]);

export const isEverything = (protocol: string): boolean => ['-1', 'all'].includes(protocol.toLowerCase());

/** The IANA number of a protocol in EC2's or a policy's spelling; undefined when it is not known. */
export function protocolNumber(protocol: string | number): number | undefined {
  const named = numbers.get(String(protocol).toLowerCase());
  if (named !== undefined) return named;
  const isNumber = /^\d{1,3}$/.test(String(protocol)) && Number(protocol) <= 255;
  return isNumber ? Number(protocol) : undefined;
}

/** EC2's name of a protocol, `-1` for all; an unknown text in lower case. */
export function protocolName(protocol: string): string {
  if (isEverything(protocol)) return '-1';
  const number = protocolNumber(protocol);
  return number === undefined ? protocol.toLowerCase() : (names.get(number) ?? String(number));
}

/** `TCP`; undefined for a protocol without ports or types. */
export const protocolTitle = (number: number): string | undefined => titles.get(number);

export const hasPorts = (number: number | undefined): boolean => number === tcp || number === udp;
export const hasTypes = (number: number | undefined): boolean => number === icmp || number === icmpv6;
