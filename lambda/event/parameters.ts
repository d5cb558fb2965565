import { createdRulesIn, editsIn, type Fields, field, items, unwrap } from './record.ts';

/**
 * The security groups that an API call is about: by id, or by a name, a prefix list or a resolver still to be resolved;
 * and its rules' ids. None of them: CloudTrail left out what names them, and every group of the Region may be meant.
 */
export interface EventSubject {
  groupIds: string[];
  groupName: string | null;
  prefixListId: string | null;
  /** Where the prefix list is, if the call says so: a resolver writes to lists of other Regions too. */
  prefixListRegion: string | null;
  /** The IPAM prefix list resolver that was edited: all lists that it writes to are meant. */
  resolverId: string | null;
  ruleIds: string[];
  /** What an edit says of its rules. */
  edits: RuleEdit[];
}

/** What a rule is after an edit; what the call did not say is left out. */
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

/** A tag of a security group that a call set, or took away where `value` is null. */
export interface TagChange {
  groupId: string;
  key: string;
  value: string | null;
  /** The value that a call to take it away named: a tag with another value stays. */
  ofValue?: string;
}

/** The name of a Region, such as `eu-west-1`. */
export const regionShape = /^[a-z]{2,5}(-[a-z]+)+-\d+$/;

/**
 * What AuthorizeSecurityGroupIngress named. The group's id is in the request in all forms (nested, flat, XML
 * wrapper) but the one by name; CloudTrail can leave out an over-long request, and then the response has it.
 */
export function subjectOfAuthorize(request: unknown, response: unknown): EventSubject {
  const parameters = unwrap(request, 'AuthorizeSecurityGroupIngressRequest');
  const created = createdRulesIn(response);
  const groupIds = ids(/^sg-[0-9a-zA-Z]+$/, [
    field(parameters, 'groupId'),
    ...created.map(({ GroupId }) => GroupId),
  ]);
  const ruleIds = ids(
    /^sgr-[0-9a-zA-Z]+$/,
    created.map(({ SecurityGroupRuleId }) => SecurityGroupRuleId),
  );
  const name = field(parameters, 'groupName');
  const groupName = typeof name === 'string' && name !== '' ? name : null;
  return { ...noSubject, groupIds, groupName, ruleIds };
}

/** What ModifySecurityGroupRules named: one group by id, one rule (a bare object) or several (an array). */
export function subjectOfModify(request: unknown): EventSubject {
  const parameters = unwrap(request, 'ModifySecurityGroupRulesRequest');
  const groupIds = ids(/^sg-[0-9a-zA-Z]+$/, [field(parameters, 'groupId')]);
  const edits = editsIn(request);
  const ruleIds = ids(
    /^sgr-[0-9a-zA-Z]+$/,
    edits.map(({ id }) => id),
  );
  return { ...noSubject, groupIds, ruleIds, edits: edits.flatMap(ruleEdit) };
}

function ruleEdit({ id, rule }: { id: unknown; rule: Fields | undefined }): RuleEdit[] {
  const [ruleId] = ids(/^sgr-[0-9a-zA-Z]+$/, [id]);
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

/** What an edit of a prefix list named, or the restoring of an earlier version: the list, and with it every group that uses it. */
export function subjectOfPrefixListEdit(
  eventName: string,
  request: unknown,
  response: unknown,
): EventSubject {
  const parameters = unwrap(request, `${eventName}Request`);
  const answer = field(unwrap(response, `${eventName}Response`), 'prefixList');
  const candidates = [field(parameters, 'prefixListId'), field(answer, 'prefixListId')];
  const [prefixListId = null] = ids(/^pl-[0-9a-zA-Z]+$/, candidates);
  return { ...noSubject, prefixListId };
}

/** The prefix list that a target of an IPAM prefix list resolver writes to, as request or response names it. */
export function namedByResolverTarget(eventName: string, request: unknown, response: unknown): EventSubject {
  const parameters = unwrap(request, `${eventName}Request`);
  const answer = field(unwrap(response, `${eventName}Response`), 'ipamPrefixListResolverTarget');
  const [prefixListId = null] = ids(/^pl-[0-9a-zA-Z]+$/, both(parameters, answer, 'prefixListId'));
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
 * What CreateTags or DeleteTags changed on security groups, of the keys asked for. DeleteTags without keys takes all
 * of them; with a key and no value, whatever value it has.
 */
export function tagChanges(eventName: string, request: unknown, keys: ReadonlySet<string>): TagChange[] {
  const parameters = unwrap(request, `${eventName}Request`);
  const resources = items(field(parameters, 'resourcesSet')).map((item) => field(item, 'resourceId') ?? item);
  const given = tagsOf(field(parameters, 'tagSet'));
  const deleted = eventName === 'DeleteTags';
  const tags = deleted && given.length === 0 ? [...keys].map((key) => ({ key, value: '' })) : given;
  return ids(/^sg-[0-9a-zA-Z]+$/, resources).flatMap((groupId) =>
    tags
      .filter(({ key }) => keys.has(key))
      .map(({ key, value }) => {
        if (!deleted) return { groupId, key, value };
        return { groupId, key, value: null, ...(value !== '' && { ofValue: value }) };
      }),
  );
}

/** The tags, of the keys asked for, that CreateSecurityGroup gave the new group. */
export function tagsAtCreation(request: unknown, response: unknown, keys: ReadonlySet<string>): TagChange[] {
  const parameters = unwrap(request, 'CreateSecurityGroupRequest');
  const [groupId] = ids(/^sg-[0-9a-zA-Z]+$/, [
    field(unwrap(response, 'CreateSecurityGroupResponse'), 'groupId'),
  ]);
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
