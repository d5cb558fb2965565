import { hasPorts, isEverything, protocolNumber } from '../../../lambda/policy/schema/protocol.ts';

/** Grows with each change of the table. */
export const controlsVersion = 1;

export const standards = {
  'cis-5.0': 'CIS AWS Foundations Benchmark 5.0.0',
  'cis-6.0': 'CIS AWS Foundations Benchmark 6.0.0',
  'cis-7.0': 'CIS AWS Foundations Benchmark 7.0.0',
  'security-hub': 'AWS Security Hub CSPM',
} as const;
type Standard = keyof typeof standards;

/** A control that a finding is evidence against. */
export interface Control {
  readonly standard: Standard;
  readonly control: string;
}

/** What the controls look at. */
interface Content {
  readonly groupName: string | null;
  readonly protocol: string;
  readonly fromPort: number | null;
  readonly toPort: number | null;
  readonly source: string;
}

interface Row {
  readonly controls: readonly Control[];
  /** What a finding must be; docs/findings.md shows it. */
  readonly when: string;
  matches(content: Content): boolean;
}

const isAnyIpv4 = ({ source }: Content): boolean => source === '0.0.0.0/0';
const isAnyIpv6 = ({ source }: Content): boolean => source === '::/0';
const isAnywhere = (content: Content): boolean => isAnyIpv4(content) || isAnyIpv6(content);

const [tcp, udp] = [6, 17];

/** Whether the rule opens one of the ports for one of the protocols; every protocol includes all ports. */
function opens(
  { protocol, fromPort, toPort }: Content,
  protocols: readonly number[],
  ports: readonly number[],
) {
  if (isEverything(protocol)) return true;
  const number = protocolNumber(protocol);
  if (number === undefined || !protocols.includes(number)) return false;
  if (fromPort === null || toPort === null || fromPort === -1) return true;
  return ports.some((port) => fromPort <= port && port <= toPort);
}

/** `authorizedTcpPorts` of EC2.18 in its default; it authorizes no UDP port. */
const authorized = [80, 443];

function opensUnauthorized({ protocol, fromPort, toPort }: Content): boolean {
  if (isEverything(protocol)) return true;
  const number = protocolNumber(protocol);
  if (!hasPorts(number)) return false;
  const isAuthorized =
    number === tcp && fromPort === toPort && fromPort !== null && authorized.includes(fromPort);
  return !isAuthorized;
}

/** `blockedPorts` of EC2.19, which cannot be customized. */
const highRisk = [
  ...[20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601],
  ...[8080, 8088, 8888, 9200, 9300],
];

const cis = (five: string, later: string): Control[] => [
  { standard: 'cis-5.0', control: five },
  { standard: 'cis-6.0', control: later },
  { standard: 'cis-7.0', control: later },
];
const hub = (control: string): Control => ({ standard: 'security-hub', control });
const administration = [22, 3389];

/**
 * The controls with their conditions. Security Hub and CIS 5.0.0: "Security Hub CSPM controls for Amazon EC2" of the AWS
 * Security Hub User Guide, and the AWS Config rules it names (restricted-ssh, restricted-common-ports,
 * vpc-sg-open-only-to-authorized-ports, vpc-sg-port-restriction-check, vpc-default-security-group-closed). CIS 6.0.0 and
 * 7.0.0: docs/findings.md says by which source the numbers were checked.
 */
export const controlTable: readonly Row[] = [
  {
    controls: [...cis('5.3', '6.3'), hub('EC2.53')],
    when: 'TCP, UDP or every protocol, port 22 or 3389, from 0.0.0.0/0',
    matches: (content) => isAnyIpv4(content) && opens(content, [tcp, udp], administration),
  },
  {
    controls: [...cis('5.4', '6.4'), hub('EC2.54')],
    when: 'TCP, UDP or every protocol, port 22 or 3389, from ::/0',
    matches: (content) => isAnyIpv6(content) && opens(content, [tcp, udp], administration),
  },
  {
    controls: [...cis('5.5', '6.5'), hub('EC2.2')],
    when: 'any rule of a group with the name `default`, which AWS reserves for the default group of a VPC',
    matches: ({ groupName }) => groupName === 'default',
  },
  {
    controls: [hub('EC2.13')],
    when: 'TCP or every protocol, port 22, from 0.0.0.0/0 or ::/0',
    matches: (content) => isAnywhere(content) && opens(content, [tcp], [22]),
  },
  {
    controls: [hub('EC2.14')],
    when: 'TCP or every protocol, port 3389, from 0.0.0.0/0 or ::/0',
    matches: (content) => isAnywhere(content) && opens(content, [tcp], [3389]),
  },
  {
    controls: [hub('EC2.18')],
    when: 'TCP beyond the ports 80 and 443, UDP or every protocol, from 0.0.0.0/0 or ::/0',
    matches: (content) => isAnywhere(content) && opensUnauthorized(content),
  },
  {
    controls: [hub('EC2.19')],
    when: `TCP or every protocol, one of the ports ${highRisk.join(', ')}, from 0.0.0.0/0 or ::/0`,
    matches: (content) => isAnywhere(content) && opens(content, [tcp], highRisk),
  },
];

/** The controls that a finding is evidence against, in the order of the table. Pure. */
export const controlsOf = (content: Content): Control[] =>
  controlTable.filter(({ matches }) => matches(content)).flatMap(({ controls }) => controls);
