/** An object of a CloudTrail record with the field names of the API. */
export type Fields = Readonly<Record<string, unknown>>;

/** CloudTrail writes some EC2 calls in camel case, and some as their XML: one wrapper element, names in PascalCase. */
export function unwrap(parameters: unknown, wrapper: string): unknown {
  return field(parameters, wrapper) ?? parameters;
}

export function field(parent: unknown, name: string): unknown {
  if (typeof parent !== 'object' || parent === null) return undefined;
  const pascal = name.charAt(0).toUpperCase() + name.slice(1);
  const own = new Map<string, unknown>(Object.entries(parent));
  return own.get(name) ?? own.get(pascal);
}

/** The members of a list in each form of CloudTrail: `{ items: [] }`, `{ item: … }`, an array, a bare object. */
export function items(list: unknown): unknown[] {
  if (list === undefined || list === null || list === '') return [];
  if (Array.isArray(list)) return list;
  const inner = field(list, 'items') ?? field(list, 'item');
  if (Array.isArray(inner)) return inner;
  if (inner !== undefined) return [inner];
  return typeof list === 'object' && Object.keys(list).length === 0 ? [] : [list];
}

/** The permissions in an AuthorizeSecurityGroupIngress request: a list, or one flat permission. */
export function permissionsIn(request: unknown): Fields[] {
  const parameters = unwrap(request, 'AuthorizeSecurityGroupIngressRequest');
  const [IpProtocol = '', CidrIp, CidrIpv6, peer] = [
    ...['ipProtocol', 'cidrIp', 'cidrIpv6', 'sourceSecurityGroupName'],
  ].map((name) => field(parameters, name));
  const nested = items(field(parameters, 'ipPermissions')).map(inApiForm);
  if (IpProtocol === '' && CidrIp === undefined && CidrIpv6 === undefined && peer === undefined)
    return nested;
  const [IpRanges, Ipv6Ranges] = [CidrIp && { CidrIp }, CidrIpv6 && { CidrIpv6 }];
  const [FromPort, ToPort] = [field(parameters, 'fromPort'), field(parameters, 'toPort')];
  return [...nested, inApiForm({ IpProtocol, FromPort, ToPort, IpRanges, Ipv6Ranges })];
}

/** The rules in the response of AuthorizeSecurityGroupIngress, for when CloudTrail left out a long request. */
export function createdRulesIn(response: unknown): Fields[] {
  const answer = unwrap(response, 'AuthorizeSecurityGroupIngressResponse');
  return items(field(answer, 'securityGroupRuleSet')).map(inApiForm);
}

/** The rules that ModifySecurityGroupRules names, one (an object) or several, with their new values. */
export function editsIn(request: unknown): { id: unknown; rule: Fields | undefined }[] {
  const parameters = unwrap(request, 'ModifySecurityGroupRulesRequest');
  const edits = ['securityGroupRule', 'securityGroupRules'].flatMap((name) => items(field(parameters, name)));
  return edits.map((edit) => {
    const rule = field(edit, 'securityGroupRule');
    const isObject = typeof rule === 'object' && rule !== null;
    return { id: field(edit, 'securityGroupRuleId'), rule: isObject ? inApiForm(rule) : undefined };
  });
}

/** A permission or rule in the API's form: names in PascalCase, numbers as numbers, lists as lists. */
function inApiForm(value: unknown): Fields {
  const own = pascal(value);
  const { IpProtocol, FromPort, ToPort, ReferencedGroupInfo, ReferencedGroupId } = own;
  const listOf = (list: unknown) => items(list).map(pascal);
  return {
    ...own,
    IpProtocol: typeof IpProtocol === 'number' ? String(IpProtocol) : IpProtocol,
    FromPort: numeric(FromPort),
    ToPort: numeric(ToPort),
    IpRanges: listOf(own.IpRanges),
    Ipv6Ranges: listOf(own.Ipv6Ranges),
    PrefixListIds: listOf(own.PrefixListIds),
    UserIdGroupPairs: listOf(own.Groups ?? own.UserIdGroupPairs),
    ...(ReferencedGroupInfo !== undefined && { ReferencedGroupInfo: pascal(ReferencedGroupInfo) }),
    ...(typeof ReferencedGroupId === 'string' && { ReferencedGroupInfo: { GroupId: ReferencedGroupId } }),
  };
}

function pascal(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key.charAt(0).toUpperCase() + key.slice(1), each]),
  );
}

function numeric(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
}
