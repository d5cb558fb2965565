import { createdRulesIn, editsIn, type Fields, field, items, unwrap } from './record.ts';

/**
 * The security groups that an API call is about: by id, or by a name, prefix list or resolver that must be resolved,
 * with the ids of the rules. When all are empty, CloudTrail left the names out and any group of the Region may be
 * meant.
 */
export interface EventSubject {
  groupIds: string[];
  groupName: string | null;
  prefixListId: string | null;
  /** The Region of the prefix list when the call names it: a resolver also writes to lists of other Regions. */
  prefixListRegion: string | null;
  /** The IPAM prefix list resolver that was edited; all lists that it writes to are meant. */
  resolverId: string | null;
  ruleIds: string[];
  edits: RuleEdit[];
}

/** A rule after an edit. Fields that the call did not set are absent. */
export interface RuleEdit {
  ruleId: string;
  protocol?: string;
  fromPort?: number;
  toPort?: number;
  source?: string;
}

export const noSubject: EventSubject = {
  ...{ groupIds: [], groupName: null, prefixListId: null, prefixListRegion: null },
  ...{ resolverId: null, ruleIds: [], edits: [] },
};

/** A tag of a security group that a call set, or deleted when `value` is null. */
export interface TagChange {
  groupId: string;
  key: string;
  value: string | null;
  /** The value that the deleting call named: a tag with another value stays. */
  ofValue?: string;
}

const groupShape = /^sg-[0-9a-zA-Z]+$/;
const ruleShape = /^sgr-[0-9a-zA-Z]+$/;
const listShape = /^pl-[0-9a-zA-Z]+$/;
export const regionShape = /^[a-z]{2,5}(-[a-z]+)+-\d+$/;

/**
 * The group that AuthorizeSecurityGroupIngress named. The request has its id in each form (nested, flat, XML wrapper)
 * except by name. CloudTrail can leave out a long request; then the response has the id.
 */
export function subjectOfAuthorize(request: unknown, response: unknown): EventSubject {
  const parameters = unwrap(request, 'AuthorizeSecurityGroupIngressRequest');
  const created = createdRulesIn(response);
  const groupIds = ids(groupShape, [field(parameters, 'groupId'), ...created.map(({ GroupId }) => GroupId)]);
  const ruleIds = ids(
    ruleShape,
    created.map(({ SecurityGroupRuleId }) => SecurityGroupRuleId),
  );
  const name = field(parameters, 'groupName');
  const groupName = typeof name === 'string' && name !== '' ? name : null;
  return { ...noSubject, groupIds, groupName, ruleIds };
}

/** What ModifySecurityGroupRules named: one group, and one rule (an object) or several (an array). */
export function subjectOfModify(request: unknown): EventSubject {
  const parameters = unwrap(request, 'ModifySecurityGroupRulesRequest');
  const groupIds = ids(groupShape, [field(parameters, 'groupId')]);
  const edits = editsIn(request);
  const ruleIds = ids(
    ruleShape,
    edits.map(({ id }) => id),
  );
  return { ...noSubject, groupIds, ruleIds, edits: edits.flatMap(ruleEdit) };
}

function ruleEdit({ id, rule }: { id: unknown; rule: Fields | undefined }): RuleEdit[] {
  const [ruleId] = ids(ruleShape, [id]);
  if (!ruleId || !rule) return [];
  const { IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo } = rule;
  const [source] = [CidrIpv4, CidrIpv6, PrefixListId, field(ReferencedGroupInfo, 'groupId')].filter(
    (value): value is string => typeof value === 'string' && value !== '',
  );
  return [
    {
      ruleId,
      ...(typeof IpProtocol === 'string' && { protocol: IpProtocol }),
      ...(typeof FromPort === 'number' && { fromPort: FromPort }),
      ...(typeof ToPort === 'number' && { toPort: ToPort }),
      ...(source && { source }),
    },
  ];
}

/** The prefix list that was edited or restored to an earlier version, and so every group that uses it. */
export function subjectOfPrefixListEdit(
  eventName: string,
  request: unknown,
  response: unknown,
): EventSubject {
  const parameters = unwrap(request, `${eventName}Request`);
  const answer = field(unwrap(response, `${eventName}Response`), 'prefixList');
  const candidates = [field(parameters, 'prefixListId'), field(answer, 'prefixListId')];
  const [prefixListId = null] = ids(listShape, candidates);
  return { ...noSubject, prefixListId };
}

/** The prefix list that a target of an IPAM prefix list resolver writes to, from the request or the response. */
export function namedByResolverTarget(eventName: string, request: unknown, response: unknown): EventSubject {
  const parameters = unwrap(request, `${eventName}Request`);
  const answer = field(unwrap(response, `${eventName}Response`), 'ipamPrefixListResolverTarget');
  const [prefixListId = null] = ids(listShape, both(parameters, answer, 'prefixListId'));
  const [prefixListRegion = null] = ids(regionShape, both(parameters, answer, 'prefixListRegion'));
  return { ...noSubject, prefixListId, prefixListRegion };
}

/** The IPAM prefix list resolver whose rules were edited. */
export function namedByResolverEdit(eventName: string, request: unknown, response: unknown): EventSubject {
  const parameters = unwrap(request, `${eventName}Request`);
  const answer = field(unwrap(response, `${eventName}Response`), 'ipamPrefixListResolver');
  const [resolverId = null] = ids(
    /^[a-z][0-9a-zA-Z-]{3,127}$/,
    both(parameters, answer, 'ipamPrefixListResolverId'),
  );
  return { ...noSubject, resolverId };
}

function both(request: unknown, answer: unknown, name: string): unknown[] {
  return [field(request, name), field(answer, name)];
}

/**
 * The changes that CreateTags or DeleteTags made to these keys of security groups. DeleteTags without keys deletes all
 * tags; with a key and no value, it deletes the tag with any value.
 */
export function tagChanges(eventName: string, request: unknown, keys: ReadonlySet<string>): TagChange[] {
  const parameters = unwrap(request, `${eventName}Request`);
  const resources = items(field(parameters, 'resourcesSet')).map((item) => field(item, 'resourceId') ?? item);
  const given = tagsOf(field(parameters, 'tagSet'));
  const deleted = eventName === 'DeleteTags';
  const tags = deleted && given.length === 0 ? [...keys].map((key) => ({ key, value: '' })) : given;
  return ids(groupShape, resources).flatMap((groupId) =>
    tags
      .filter(({ key }) => keys.has(key))
      .map(({ key, value }) => {
        if (!deleted) return { groupId, key, value };
        return { groupId, key, value: null, ...(value !== '' && { ofValue: value }) };
      }),
  );
}

/** The tags with these keys that CreateSecurityGroup gave the new group. */
export function tagsAtCreation(request: unknown, response: unknown, keys: ReadonlySet<string>): TagChange[] {
  const parameters = unwrap(request, 'CreateSecurityGroupRequest');
  const [groupId] = ids(groupShape, [field(unwrap(response, 'CreateSecurityGroupResponse'), 'groupId')]);
  if (!groupId) return [];
  return items(field(parameters, 'tagSpecificationSet') ?? field(parameters, 'tagSpecification'))
    .flatMap((specification) => tagsOf(field(specification, 'tags') ?? field(specification, 'tag')))
    .filter(({ key }) => keys.has(key))
    .map((tag) => ({ groupId, ...tag }));
}

function tagsOf(list: unknown): { key: string; value: string }[] {
  return items(list).flatMap((tag) => {
    const [key, value] = [field(tag, 'key'), field(tag, 'value')];
    return typeof key === 'string' ? [{ key, value: typeof value === 'string' ? value : '' }] : [];
  });
}

function ids(shape: RegExp, candidates: unknown[]): string[] {
  return [
    ...new Set(candidates.filter((value): value is string => typeof value === 'string' && shape.test(value))),
  ];
}
