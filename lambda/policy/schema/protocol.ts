/** IP protocols by IANA number. A rule of these four has ports or ICMP types; of any other, EC2 can limit neither. */
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

/** The IANA number of a protocol as EC2 or a policy writes it; undefined for one that is not known. */
export function protocolNumber(protocol: string | number): number | undefined {
  const named = numbers.get(String(protocol).toLowerCase());
  if (named !== undefined) return named;
  const isNumber = /^\d{1,3}$/.test(String(protocol)) && Number(protocol) <= 255;
  return isNumber ? Number(protocol) : undefined;
}

/** The name by which EC2 lists a protocol, `-1` for all of them; the text in lower case where it is none. */
export function protocolName(protocol: string): string {
  if (isEverything(protocol)) return '-1';
  const number = protocolNumber(protocol);
  return number === undefined ? protocol.toLowerCase() : (names.get(number) ?? String(number));
}

/** `TCP`; undefined for a protocol that has neither ports nor types. */
export const protocolTitle = (number: number): string | undefined => titles.get(number);

export const hasPorts = (number: number | undefined): boolean => number === tcp || number === udp;
export const hasTypes = (number: number | undefined): boolean => number === icmp || number === icmpv6;
