import * as z from 'zod';
import type { SecurityGroupRule } from '../../../lambda/policy/security-group.ts';
import {
  listedRuleSchema,
  permissionSchema,
  ruleOf,
  rulesOfPermission,
  sourceOfListedRule,
  trafficOf,
} from './export.ts';

/** The rules that a call asks for, as the event tells it; another party may have written the event. */
export interface Asked {
  readonly rules: readonly SecurityGroupRule[];
  readonly from: 'request' | 'response';
  /** How many of those asked for could not be read. */
  readonly unreadable: number;
}

const editSchema = z.object({
  SecurityGroupRuleId: z.string(),
  SecurityGroupRule: permissionSchema.pick({ IpProtocol: true, FromPort: true, ToPort: true }).extend({
    CidrIpv4: z.string().nullish(),
    CidrIpv6: z.string().nullish(),
    PrefixListId: z.string().nullish(),
    ReferencedGroupId: z.string().nullish(),
  }),
});

/** What AuthorizeSecurityGroupIngress and ModifySecurityGroupRules ask for; nothing for any other call. */
export function askedBy(eventName: string, groupId: string, request: unknown, response: unknown): Asked {
  const parameters = unwrapped(request, `${eventName}Request`);
  if (eventName === 'ModifySecurityGroupRules') return editsIn(groupId, parameters);
  if (eventName !== 'AuthorizeSecurityGroupIngress') return { rules: [], from: 'request', unreadable: 0 };
  const permissions = [...members(parameters.IpPermissions), ...flat(parameters)];
  if (permissions.length === 0) return answered(groupId, unwrapped(response, `${eventName}Response`));
  return readAll('request', permissions.map(regular), permissionSchema, (each) =>
    rulesOfPermission(groupId, each),
  );
}

function readAll<Schema extends z.ZodType>(
  from: Asked['from'],
  given: readonly unknown[],
  schema: Schema,
  rulesOf: (item: z.infer<Schema>) => SecurityGroupRule[],
): Asked {
  const read = given.flatMap((each) => schema.safeParse(each).data ?? []);
  return { from, rules: read.flatMap(rulesOf), unreadable: given.length - read.length };
}

function editsIn(groupId: string, parameters: Fields): Asked {
  const edits = [...members(parameters.SecurityGroupRule), ...members(parameters.SecurityGroupRules)];
  const given = edits.map((edit) => {
    const { SecurityGroupRuleId, SecurityGroupRule } = fieldsOf(edit);
    return { SecurityGroupRuleId, SecurityGroupRule: regular(SecurityGroupRule) };
  });
  return readAll('request', given, editSchema, ({ SecurityGroupRuleId: id, SecurityGroupRule: rule }) => {
    const source = sourceOfListedRule({ ...rule, ReferencedGroupInfo: { GroupId: rule.ReferencedGroupId } });
    return [{ id, groupId, egress: false, ...trafficOf(rule), source }];
  });
}

/** CloudTrail leaves over-long requests out; the response lists the rules that came of them. */
function answered(groupId: string, answer: Fields): Asked {
  const created = members(answer.SecurityGroupRuleSet).map((each) => ({
    GroupId: groupId,
    ...regular(each),
  }));
  return readAll('response', created, listedRuleSchema, (each) => (each.IsEgress ? [] : [ruleOf(each)]));
}

/** The flat form: one permission in the request itself. */
function flat(parameters: Fields): Fields[] {
  const { IpProtocol = '', FromPort, ToPort, CidrIp, CidrIpv6, SourceSecurityGroupName: peer } = parameters;
  if (IpProtocol === '' && CidrIp === undefined && CidrIpv6 === undefined && peer === undefined) return [];
  const IpRanges = CidrIp === undefined ? [] : [{ CidrIp }];
  const Ipv6Ranges = CidrIpv6 === undefined ? [] : [{ CidrIpv6 }];
  return [{ IpProtocol, FromPort, ToPort, IpRanges, Ipv6Ranges }];
}

type Fields = Record<string, unknown>;

/** An object's fields under the names of the API: CloudTrail writes some calls in camel case, some as their XML. */
function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key.charAt(0).toUpperCase() + key.slice(1), each]),
  );
}

function unwrapped(parameters: unknown, wrapper: string): Fields {
  const fields = fieldsOf(parameters);
  return Object.hasOwn(fields, wrapper) ? fieldsOf(fields[wrapper]) : fields;
}

/** A list in each of CloudTrail's forms: `{ items: [] }`, `{ item: … }`, an array, a bare object, an empty one. */
function members(list: unknown): Fields[] {
  if (Array.isArray(list)) return list.map(fieldsOf);
  const fields = fieldsOf(list);
  const inner = fields.Items ?? fields.Item;
  if (inner !== undefined) return Array.isArray(inner) ? inner.map(fieldsOf) : [fieldsOf(inner)];
  return Object.keys(fields).length > 0 ? [fields] : [];
}

/** A permission or rule as the API writes it: numbers as numbers, lists as lists. */
function regular(value: unknown): Fields {
  const fields = fieldsOf(value);
  const { IpProtocol, FromPort, ToPort, ReferencedGroupInfo } = fields;
  return {
    ...fields,
    IpProtocol: typeof IpProtocol === 'number' ? String(IpProtocol) : IpProtocol,
    FromPort: numeric(FromPort),
    ToPort: numeric(ToPort),
    IpRanges: members(fields.IpRanges),
    Ipv6Ranges: members(fields.Ipv6Ranges),
    PrefixListIds: members(fields.PrefixListIds),
    UserIdGroupPairs: members(fields.Groups ?? fields.UserIdGroupPairs),
    ...(ReferencedGroupInfo !== undefined && { ReferencedGroupInfo: fieldsOf(ReferencedGroupInfo) }),
  };
}

function numeric(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
}
