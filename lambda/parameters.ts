/** The security groups that an API call names: by id, or by a name or a prefix list still to be resolved; and its rules' ids. */
export interface Named {
  groupIds: string[];
  groupName: string | null;
  prefixListId: string | null;
  ruleIds: string[];
}

/**
 * What AuthorizeSecurityGroupIngress named. The group's id is in the request in all forms (nested, flat, XML
 * wrapper) but the one by name; CloudTrail can leave out an over-long request, and then the response has it.
 * A sentence instead of names says why there are none.
 */
export function namedByAuthorize(request: unknown, response: unknown): Named | string {
  const parameters = unwrap(request, 'AuthorizeSecurityGroupIngressRequest');
  const answer = unwrap(response, 'AuthorizeSecurityGroupIngressResponse');
  const created = items(field(answer, 'securityGroupRuleSet'));
  const groupIds = ids(/^sg-[0-9a-zA-Z]+$/, [
    field(parameters, 'groupId'),
    ...created.map((rule) => field(rule, 'groupId')),
  ]);
  const ruleIds = ids(
    /^sgr-[0-9a-zA-Z]+$/,
    created.map((rule) => field(rule, 'securityGroupRuleId')),
  );
  const name = field(parameters, 'groupName');
  const groupName = typeof name === 'string' && name !== '' ? name : null;
  if (groupIds.length === 0 && groupName === null)
    return 'neither request nor response names a security group';
  return { groupIds, groupName, prefixListId: null, ruleIds };
}

/** What ModifySecurityGroupRules named: one group by id, one rule (a bare object) or several (an array). */
export function namedByModify(request: unknown): Named | string {
  const parameters = unwrap(request, 'ModifySecurityGroupRulesRequest');
  const groupIds = ids(/^sg-[0-9a-zA-Z]+$/, [field(parameters, 'groupId')]);
  if (groupIds.length === 0) return 'the request names no security group';
  const edits = [
    ...items(field(parameters, 'securityGroupRule')),
    ...items(field(parameters, 'securityGroupRules')),
  ];
  const ruleIds = ids(
    /^sgr-[0-9a-zA-Z]+$/,
    edits.map((edit) => field(edit, 'securityGroupRuleId')),
  );
  return { groupIds, groupName: null, prefixListId: null, ruleIds };
}

/** What ModifyManagedPrefixList named: a prefix list, and with it every group that uses it. */
export function namedByPrefixListEdit(request: unknown, response: unknown): Named | string {
  const parameters = unwrap(request, 'ModifyManagedPrefixListRequest');
  const answer = field(unwrap(response, 'ModifyManagedPrefixListResponse'), 'prefixList');
  const candidates = [field(parameters, 'prefixListId'), field(answer, 'prefixListId')];
  const [prefixListId] = ids(/^pl-[0-9a-zA-Z]+$/, candidates);
  if (!prefixListId) return 'neither request nor response names a prefix list';
  return { groupIds: [], groupName: null, prefixListId, ruleIds: [] };
}

/** CloudTrail writes some EC2 calls as their XML: one wrapper element, field names in PascalCase. */
function unwrap(parameters: unknown, wrapper: string): unknown {
  return field(parameters, wrapper) ?? parameters;
}

function field(parent: unknown, name: string): unknown {
  if (typeof parent !== 'object' || parent === null) return undefined;
  const pascal = name.charAt(0).toUpperCase() + name.slice(1);
  const own = new Map<string, unknown>(Object.entries(parent));
  return own.get(name) ?? own.get(pascal);
}

/** The members of a list in each of CloudTrail's forms: `{ items: [] }`, `{ item: … }`, an array, a bare object. */
function items(list: unknown): unknown[] {
  if (list === undefined || list === null) return [];
  if (Array.isArray(list)) return list;
  const inner = field(list, 'items') ?? field(list, 'item');
  if (Array.isArray(inner)) return inner;
  return [inner ?? list];
}

function ids(shape: RegExp, candidates: unknown[]): string[] {
  return [
    ...new Set(candidates.filter((value): value is string => typeof value === 'string' && shape.test(value))),
  ];
}
