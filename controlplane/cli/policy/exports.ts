import * as z from 'zod';
import { formatRule, openingsOf, ruleOf, ruleWithoutId } from '../../../lambda/policy/rule.ts';
import type { SecurityGroupRule } from '../../../lambda/policy/security-group.ts';
import { mistake, parseAs, readValue } from './input.ts';
import { type GroupSnapshot, knownGroup, type Place } from './snapshot.ts';

/** The shapes of `aws ec2 describe-security-groups` and `describe-security-group-rules`, as far as they are read. */
const groupId = z.string('write a group id').regex(/^sg-[0-9a-zA-Z]+$/, 'a group id is such as sg-0123abcd');
const account = z.string('write an account id in quotes').regex(/^\d{12}$/, 'an account id has 12 digits');
const text = z.string('write text');
const port = z.int('write a whole number').nullish();
const list = <Item extends z.ZodType>(item: Item) => z.array(item, 'write a list').nullish();
const peer = z.object({ GroupId: text.nullish(), UserId: text.nullish() });
const traffic = { IpProtocol: text, FromPort: port, ToPort: port };

export const permissionSchema = z.object(
  {
    ...traffic,
    IpRanges: list(z.object({ CidrIp: text })),
    Ipv6Ranges: list(z.object({ CidrIpv6: text })),
    PrefixListIds: list(z.object({ PrefixListId: text })),
    UserIdGroupPairs: list(peer),
  },
  'write a permission as EC2 lists it',
);

export const ruleSchema = z.object({
  SecurityGroupRuleId: text,
  IsEgress: z.boolean('write true or false'),
  ...traffic,
  CidrIpv4: text.nullish(),
  CidrIpv6: text.nullish(),
  PrefixListId: text.nullish(),
  ReferencedGroupInfo: peer.nullish(),
});
const listedRuleSchema = ruleSchema.extend({
  GroupId: groupId,
  GroupOwnerId: account.nullish(),
  SecurityGroupRuleArn: text.nullish(),
});

const permissions = 'write a list of permissions, as aws ec2 describe-security-groups does';
const listedGroupSchema = z.object({
  GroupId: groupId,
  GroupName: text.nullish(),
  OwnerId: account.nullish(),
  VpcId: text.nullish(),
  SecurityGroupArn: text.nullish(),
  Tags: list(z.object({ Key: text, Value: text })),
  IpPermissions: z.array(permissionSchema, permissions),
  IpPermissionsEgress: list(permissionSchema),
});

type ListedRule = z.infer<typeof listedRuleSchema>;
type ListedGroup = z.infer<typeof listedGroupSchema>;

const commands = 'aws ec2 describe-security-groups or aws ec2 describe-security-group-rules';
const document = z
  .object({
    SecurityGroups: z.array(listedGroupSchema, 'write a list of security groups').optional(),
    SecurityGroupRules: z.array(listedRuleSchema, 'write a list of security group rules').optional(),
    NextToken: z.null('more pages follow: export the whole list, without --max-items').optional(),
  })
  .refine(
    ({ SecurityGroups, SecurityGroupRules }) => SecurityGroups ?? SecurityGroupRules,
    `has neither SecurityGroups nor SecurityGroupRules; write the output of ${commands}`,
  );

/** A file that has been read. */
export interface Export {
  readonly name: string;
  readonly value: unknown;
}

export const readExport = async (name: string): Promise<Export> => ({ name, value: await readValue(name) });

/** The security groups of the files, each with everything that any of them says about it, in the order of the files. */
export async function readGroups(files: readonly string[], place: Place): Promise<GroupSnapshot[]> {
  const exports: Export[] = [];
  for (const name of files) exports.push(await readExport(name));
  return groupsIn(exports, place);
}

/** Listed items by id, each with its file. */
type Listing<Item> = Map<string, { item: Item; file: string }>;

export function groupsIn(exports: readonly Export[], place: Place): GroupSnapshot[] {
  const groups: Listing<ListedGroup> = new Map();
  const rules: Listing<ListedRule> = new Map();
  for (const { name: file, value } of exports)
    for (const part of documentsIn(value)) {
      const { SecurityGroups = [], SecurityGroupRules = [] } = parseAs(document, part, file);
      for (const item of SecurityGroups) add(groups, item.GroupId, item, file);
      for (const item of SecurityGroupRules) add(rules, item.SecurityGroupRuleId, item, file);
    }
  const rulesOf = Map.groupBy(
    [...rules.values()].map(({ item }) => item),
    ({ GroupId }) => GroupId,
  );
  const ids = new Set([...groups.keys(), ...rulesOf.keys()]);
  return [...ids].map((id) => snapshotOf(id, groups.get(id)?.item, rulesOf.get(id) ?? [], place));
}

/** One document of AWS, or a list of documents, of groups or of rules. */
function documentsIn(value: unknown): unknown[] {
  if (!Array.isArray(value)) return [value];
  const has = (key: string) => value.some((each) => typeof each === 'object' && each && key in each);
  if (has('SecurityGroupRuleId')) return [{ SecurityGroupRules: value }];
  return has('GroupId') ? [{ SecurityGroups: value }] : value;
}

/** The same item may be listed twice (a shared group, an overlap), but not in two states: which one is right? */
function add<Item>(known: Listing<Item>, id: string, item: Item, file: string): void {
  const earlier = known.get(id);
  if (earlier && JSON.stringify(earlier.item) !== JSON.stringify(item))
    throw mistake(file, `${id} differs from ${id} in ${earlier.file}; export both at the same time`);
  known.set(id, { item, file });
}

function snapshotOf(
  id: string,
  described: ListedGroup | undefined,
  listed: readonly ListedRule[],
  place: Place,
): GroupSnapshot {
  const { GroupName, VpcId, Tags, IpPermissions, IpPermissionsEgress } = described ?? {};
  const group = knownGroup({ id, name: GroupName, vpcId: VpcId });
  const owner = described?.OwnerId ?? listed[0]?.GroupOwnerId ?? undefined;
  // arn:aws:ec2:<region>:<account>:security-group/<id>
  const region = (described?.SecurityGroupArn ?? listed[0]?.SecurityGroupRuleArn)?.split(':')[3];
  const tags = Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key, Value]));
  const openings = (IpPermissions ?? []).flatMap(openingsOf);
  const byId = listed.filter(({ IsEgress }) => !IsEgress).map(ruleOf);
  const { rules, differing } = joined(
    byId,
    openings.map((opening) => ruleWithoutId(id, opening)),
  );
  const notes = differing.map((words) => `the exports differ: only one of them lists ${words}`);
  return {
    group: { ...group, owner, ...(group.unread.size === 0 && { tags }) },
    account: owner ?? place.account,
    region: region || place.region,
    rules,
    egress: listed.length - byId.length || (IpPermissionsEgress ?? []).flatMap(openingsOf).length,
    notes: described && byId.length > 0 ? notes : [],
  };
}

/** The rules that have an id of AWS, and those that only the permissions show; and the text of each that is in one list only. */
function joined(byId: readonly SecurityGroupRule[], byPermission: readonly SecurityGroupRule[]) {
  const listed = new Set(byId.map(formatRule));
  const permitted = new Map(byPermission.map((rule) => [formatRule(rule), rule]));
  const others = [...permitted].filter(([words]) => !listed.has(words));
  return {
    rules: [...byId, ...others.map(([, rule]) => rule)],
    differing: [...others.map(([words]) => words), ...[...listed].filter((words) => !permitted.has(words))],
  };
}
