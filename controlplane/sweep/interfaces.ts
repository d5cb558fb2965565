import type { NetworkInterface as ListedInterface } from '@aws-sdk/client-ec2';
import { isPublic, parseCidr } from '../../lambda/policy/addresses/cidr.ts';
import type { Family } from './routes.ts';

/** A network interface that has a security group, with its public addresses. */
export interface NetworkInterface {
  readonly id: string;
  readonly subnetId: string;
  /** Attached to an instance or a service: a free interface receives nothing. */
  readonly inUse: boolean;
  /** EC2 drops its traffic from internet gateways. */
  readonly denied: boolean;
  readonly public: Readonly<Record<Family, readonly string[]>>;
  /** Addresses of other ways in, such as a carrier gateway, which are not judged. */
  readonly other: readonly string[];
}

const isPublicIpv6 = (text: string): boolean => {
  const cidr = parseCidr(text.includes('/') ? text : `${text}/128`);
  return cidr !== undefined && isPublic(cidr);
};

/** What a listed interface says about its public addresses; its IPv6 prefixes count as addresses. */
export function networkInterface(listed: ListedInterface): NetworkInterface {
  const associations = [
    listed.Association,
    ...(listed.PrivateIpAddresses ?? []).map(({ Association }) => Association),
  ];
  const given = (values: readonly (string | undefined)[]) => [
    ...new Set(values.filter((value): value is string => !!value)),
  ];
  const ipv6 = [
    listed.Ipv6Address,
    ...(listed.Ipv6Addresses ?? []).map(({ Ipv6Address }) => Ipv6Address),
    ...(listed.Ipv6Prefixes ?? []).map(({ Ipv6Prefix }) => Ipv6Prefix),
  ];
  return {
    id: listed.NetworkInterfaceId ?? '',
    subnetId: listed.SubnetId ?? '',
    inUse: listed.Status !== 'available',
    denied: listed.DenyAllIgwTraffic === true,
    public: {
      4: given(associations.map((association) => association?.PublicIp)),
      6: given(ipv6).filter(isPublicIpv6),
    },
    other: given(
      associations.flatMap((association) => [association?.CarrierIp, association?.CustomerOwnedIp]),
    ),
  };
}
