import * as z from 'zod';
import { parseCidr } from '../addresses/cidr.ts';
import { checked, mapping, someOf } from './mapping.ts';
import { protocolNumber } from './protocol.ts';

/** A port, or a range such as "8000-8100". */
const port = checked<number | string>((value) => {
  const numbers = typeof value === 'string' ? value.split('-') : [value];
  const ranged = typeof value === 'string' && /^\d+-\d+$/.test(value);
  if (typeof value === 'string' && !ranged) return 'a port is a whole number, a range is "8000-8100"';
  if (numbers.some((each) => !Number.isInteger(Number(each)))) return 'a port is a whole number';
  if (typeof value !== 'string' && typeof value !== 'number') return 'a port is a whole number';
  if (numbers.some((each) => Number(each) < 0 || Number(each) > 65535)) return 'a port is 0 to 65535';
  return ranged && Number(numbers[0]) > Number(numbers[1]) ? 'write the lower port first' : undefined;
});

const protocol = checked<number | string>((value) => {
  if (value === 'all') return undefined;
  const known =
    (typeof value === 'string' || typeof value === 'number') && protocolNumber(value) !== undefined;
  return known ? undefined : 'write tcp, udp, icmp, icmpv6, all, or a protocol number from 0 to 255';
});

export const cidrSchema = checked<string>((value) =>
  typeof value === 'string' && parseCidr(value) ? undefined : 'write an address range such as 203.0.113.0/24',
);

const ports = mapping({
  except: z.array(port, 'write a list of ports, such as [80, 443]').optional(),
  any: someOf(port, 'write a list of ports, such as [22, "8000-8100"]').optional(),
}).check((context) => {
  const { except, any } = context.value;
  if ((except === undefined) === (any === undefined))
    context.issues.push({ code: 'custom', input: context.value, message: 'write either except or any' });
});

const icmpTypes = 'write a list of ICMP types from 0 to 255, or any';

/** What a rule opens. Absent keys match everything; `all` matches only a rule that opens every protocol. */
export const trafficShape = {
  protocols: someOf(protocol, 'write a list of protocols, such as [tcp, udp]')
    .refine((list) => list.length === 1 || !list.includes('all'), 'write all alone')
    .optional(),
  ports: ports.optional(),
  icmp: mapping({
    types: z.union(
      [z.literal('any'), z.array(z.int(icmpTypes).min(0, icmpTypes).max(255, icmpTypes)).min(1)],
      icmpTypes,
    ),
  }).optional(),
};

function prefixLength(bits: number) {
  const fix = `write a prefix length from 1 to ${bits}; a shorter one counts as wider`;
  return z.int(fix).min(1, fix).max(bits, fix);
}

const publicSources = mapping({
  ipv4WiderThan: prefixLength(32),
  ipv6WiderThan: prefixLength(128),
  union: z.boolean('write true or false').default(true),
});

const prefixListIds = someOf(
  z.string('write a prefix list id').regex(/^pl-[0-9a-zA-Z]+$/, 'a prefix list id is such as pl-0123abcd'),
  'write a list of prefix list ids',
);
const cidrs = someOf(cidrSchema, 'write a list of address ranges');
export const accountIds = someOf(
  z.string('write an account id in quotes').regex(/^\d{12}$/, 'an account id has 12 digits'),
  'write a list of account ids',
);

/** The sources that a policy rule matches: any of the named ones, limited by `addressFamilies`. */
export const matchSchema = mapping({
  sources: mapping({
    public: publicSources.optional(),
    cidrs: cidrs.optional(),
    prefixLists: prefixListIds.optional(),
    groupsOfOtherAccounts: z.literal(true, 'write true, or leave the key out').optional(),
    addressFamilies: someOf(z.enum(['ipv4', 'ipv6'], 'write ipv4 or ipv6'), 'write a list').optional(),
  })
    .refine((sources) => Object.keys(sources).length > 0, 'name a source, or leave the key out')
    .optional(),
  ...trafficShape,
});

/** What an exception allows. A rule is excepted when everything that it opens is inside. */
export const allowSchema = mapping({
  sources: mapping({
    cidrs: cidrs.optional(),
    prefixLists: prefixListIds.optional(),
    groupsOfAccounts: accountIds.optional(),
  }).refine((sources) => Object.keys(sources).length > 0, 'name the allowed sources'),
  ...trafficShape,
}).refine(
  ({ protocols, ports: named, icmp }) => Boolean(protocols ?? named ?? icmp),
  'name the ports, protocols or ICMP types that are allowed',
);

export type MatchClause = z.infer<typeof matchSchema>;
export type Allow = z.infer<typeof allowSchema>;
export type TrafficClause = Pick<MatchClause, 'protocols' | 'ports' | 'icmp'>;
