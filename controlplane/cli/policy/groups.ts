import * as z from 'zod';
import type { SecurityGroupRule } from '../../../lambda/policy/security-group.ts';
import type { Fact, GroupSnapshot } from './evaluate.ts';
import {
  type ListedGroup,
  type ListedRule,
  listedGroupSchema,
  listedRuleSchema,
  ruleOf,
  rulesOfPermission,
} from './export.ts';
import { mistake, parseAs, parseJson, readInput } from './input.ts';
import { formatRule } from './rule-text.ts';

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

/** Each security group of the exports with all that they tell of it, in the order of the files. */
export async function readGroups(files: readonly string[], place: Place): Promise<GroupSnapshot[]> {
  const exports: Export[] = [];
  for (const name of files) exports.push({ name, value: parseJson(await readInput(name)) });
  return groupsIn(exports, place);
}

/** An export that has been read. */
export interface Export {
  readonly name: string;
  readonly value: unknown;
}

export function groupsIn(exports: readonly Export[], place: Place): GroupSnapshot[] {
  const listing: Listing = { groups: new Map(), rules: new Map() };
  for (const { name, value } of exports) collect(value, name, listing);
  return snapshotsOf(listing, place);
}

/** What the exports list, by id, each with the file it is from. */
interface Listing {
  groups: Map<string, Listed<ListedGroup>>;
  rules: Map<string, Listed<ListedRule>>;
}

interface Listed<Item> {
  item: Item;
  file: string;
}

/** Takes in one export: a document of AWS's, a list of them, or of groups or rules alone. */
function collect(value: unknown, file: string, listing: Listing): void {
  for (const part of documentsIn(value)) {
    const { SecurityGroups = [], SecurityGroupRules = [] } = parseAs(document, part, file);
    for (const item of SecurityGroups) add(listing.groups, item.GroupId, { item, file });
    for (const item of SecurityGroupRules) add(listing.rules, item.SecurityGroupRuleId, { item, file });
  }
}

function documentsIn(value: unknown): unknown[] {
  if (!Array.isArray(value)) return [value];
  const holds = (key: string) => value.some((each) => typeof each === 'object' && each && key in each);
  if (holds('SecurityGroupRuleId')) return [{ SecurityGroupRules: value }];
  return holds('GroupId') ? [{ SecurityGroups: value }] : value;
}

/** The same thing may be listed twice (a shared group, an overlap); two different states of it leave none to go by. */
function add<Item>(known: Map<string, Listed<Item>>, id: string, listed: Listed<Item>): void {
  const earlier = known.get(id);
  if (earlier && JSON.stringify(earlier.item) !== JSON.stringify(listed.item))
    throw mistake(listed.file, `${id} is listed otherwise in ${earlier.file}; export both at one time`);
  known.set(id, listed);
}

function snapshotsOf({ groups, rules }: Listing, place: Place): GroupSnapshot[] {
  const listed = Map.groupBy(
    [...rules.values()].map(({ item }) => item),
    ({ GroupId }) => GroupId,
  );
  const ids = new Set([...groups.keys(), ...listed.keys()]);
  return [...ids].map((id) => snapshotOf(id, groups.get(id)?.item, listed.get(id) ?? [], place));
}

function snapshotOf(
  id: string,
  group: ListedGroup | undefined,
  listed: readonly ListedRule[],
  place: Place,
): GroupSnapshot {
  const unread = new Set<Fact>([
    ...(group?.GroupName ? [] : (['name'] as const)),
    ...(group?.VpcId ? [] : (['vpc'] as const)),
  ]);
  const tags = Object.fromEntries((group?.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
  const owner = group?.OwnerId ?? listed[0]?.GroupOwnerId ?? undefined;
  const arn = group?.SecurityGroupArn ?? listed[0]?.SecurityGroupRuleArn;
  const byPermission = (group?.IpPermissions ?? []).flatMap((each) => rulesOfPermission(id, each));
  const byId = listed.filter(({ IsEgress }) => !IsEgress).map(ruleOf);
  const egress = listed.length - byId.length;
  return {
    group: {
      id,
      name: group?.GroupName ?? '',
      vpcId: group?.VpcId ?? null,
      owner,
      ...(unread.size === 0 && { tags }),
    },
    unread,
    account: owner ?? place.account,
    region: regionIn(arn) ?? place.region,
    ...joined(byPermission, byId, group !== undefined),
    egress: egress || egressOf(id, group),
  };
}

function egressOf(id: string, group: ListedGroup | undefined): number {
  return (group?.IpPermissionsEgress ?? []).flatMap((each) => rulesOfPermission(id, each)).length;
}

/** `arn:aws:ec2:<region>:<account>:security-group/<id>` */
function regionIn(arn: string | null | undefined): string | undefined {
  return arn?.split(':')[3] || undefined;
}

/** Both forms of one group's rules as one: those with AWS's ids, and what only the permissions hold. */
function joined(byPermission: SecurityGroupRule[], byId: SecurityGroupRule[], described: boolean) {
  const listed = new Set(byId.map(formatRule));
  const permitted = new Set(byPermission.map(formatRule));
  const extra = [...new Map(byPermission.map((rule) => [formatRule(rule), rule])).values()].filter(
    (rule) => !listed.has(formatRule(rule)),
  );
  const alone =
    described && byId.length > 0
      ? [...extra.map(formatRule), ...[...listed].filter((words) => !permitted.has(words))]
      : [];
  const notes = alone.map((words) => `only one of the two exports lists ${words}: they differ`);
  return { rules: [...byId, ...extra], notes };
}
