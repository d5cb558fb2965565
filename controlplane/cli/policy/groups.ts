import * as z from 'zod';
import { formatRule, openingsOf, ruleOf, ruleWithoutId } from '../../../lambda/policy/rule.ts';
import type { Fact, SecurityGroupRule } from '../../../lambda/policy/security-group.ts';
import type { GroupSnapshot } from './evaluate.ts';
import { mistake, parseAs, readValue } from './input.ts';
import { type ListedGroup, type ListedRule, listedGroupSchema, listedRuleSchema } from './listed.ts';

/** Where groups are from that do not say it themselves. */
export interface Place {
  readonly account: string | undefined;
  readonly region: string | undefined;
}

const commands = 'aws ec2 describe-security-groups or aws ec2 describe-security-group-rules';
const document = z
  .object({
    SecurityGroups: z.array(listedGroupSchema, 'write a list of security groups').optional(),
    SecurityGroupRules: z.array(listedRuleSchema, 'write a list of security group rules').optional(),
    NextToken: z.null('the list goes on: export all of it, without --max-items').optional(),
  })
  .refine(
    ({ SecurityGroups, SecurityGroupRules }) => SecurityGroups ?? SecurityGroupRules,
    `holds neither SecurityGroups nor SecurityGroupRules; write the output of ${commands}`,
  );

/** An export that has been read. */
export interface Export {
  readonly name: string;
  readonly value: unknown;
}

export const readExport = async (name: string): Promise<Export> => ({ name, value: await readValue(name) });

/** Each security group of the exports with all that they tell of it, in the order of the files. */
export async function readGroups(files: readonly string[], place: Place): Promise<GroupSnapshot[]> {
  const exports: Export[] = [];
  for (const name of files) exports.push(await readExport(name));
  return groupsIn(exports, place);
}

/** What exports list, by id, each with the file it is from. */
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
  const listed = Map.groupBy(
    [...rules.values()].map(({ item }) => item),
    ({ GroupId }) => GroupId,
  );
  const ids = new Set([...groups.keys(), ...listed.keys()]);
  return [...ids].map((id) => snapshotOf(id, groups.get(id)?.item, listed.get(id) ?? [], place));
}

/** One document of AWS's, a list of them, or of groups or rules alone. */
function documentsIn(value: unknown): unknown[] {
  if (!Array.isArray(value)) return [value];
  const holds = (key: string) => value.some((each) => typeof each === 'object' && each && key in each);
  if (holds('SecurityGroupRuleId')) return [{ SecurityGroupRules: value }];
  return holds('GroupId') ? [{ SecurityGroups: value }] : value;
}

/** The same thing may be listed twice (a shared group, an overlap); two different states of it leave none to go by. */
function add<Item>(known: Listing<Item>, id: string, item: Item, file: string): void {
  const earlier = known.get(id);
  if (earlier && JSON.stringify(earlier.item) !== JSON.stringify(item))
    throw mistake(file, `${id} is listed otherwise in ${earlier.file}; export both at one time`);
  known.set(id, { item, file });
}

function snapshotOf(
  id: string,
  group: ListedGroup | undefined,
  listed: readonly ListedRule[],
  place: Place,
): GroupSnapshot {
  const unread = new Set<Fact>();
  if (!group?.GroupName) unread.add('name');
  if (!group?.VpcId) unread.add('vpc');
  const tags = Object.fromEntries((group?.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
  const owner = group?.OwnerId ?? listed[0]?.GroupOwnerId ?? undefined;
  // arn:aws:ec2:<region>:<account>:security-group/<id>
  const region = (group?.SecurityGroupArn ?? listed[0]?.SecurityGroupRuleArn)?.split(':')[3];
  const byPermission = (group?.IpPermissions ?? []).flatMap(openingsOf);
  const byId = listed.filter(({ IsEgress }) => !IsEgress).map(ruleOf);
  const egress = listed.length - byId.length || (group?.IpPermissionsEgress ?? []).flatMap(openingsOf).length;
  return {
    group: {
      ...{ id, name: group?.GroupName ?? '', vpcId: group?.VpcId ?? null, owner, unread },
      ...(unread.size === 0 && { tags }),
    },
    account: owner ?? place.account,
    region: region || place.region,
    ...joined(
      byPermission.map((opening) => ruleWithoutId(id, opening)),
      byId,
      group !== undefined,
    ),
    egress,
  };
}

/** Both forms of one group's rules as one: those with AWS's ids, and what only the permissions hold. */
function joined(byPermission: SecurityGroupRule[], byId: SecurityGroupRule[], described: boolean) {
  const listed = new Set(byId.map(formatRule));
  const permitted = new Map(byPermission.map((rule) => [formatRule(rule), rule]));
  const extra = [...permitted].filter(([words]) => !listed.has(words));
  const alone = [...extra.map(([words]) => words), ...[...listed].filter((words) => !permitted.has(words))];
  const differ = described && byId.length > 0 ? alone : [];
  const notes = differ.map((words) => `only one of the two exports lists ${words}: they differ`);
  return { rules: [...byId, ...extra.map(([, rule]) => rule)], notes };
}
