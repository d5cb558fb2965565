import { XMLParser } from 'fast-xml-parser';
import type { Identity } from '../gateway/call.ts';

/** One finished EC2 call. */
export interface FinishedCall {
  action: string;
  region: string;
  /** Nested query parameters, in the wire's PascalCase, values as text. */
  parameters: Record<string, unknown>;
  status: number;
  /** The XML answer. */
  answer: string;
  identity: Identity;
  accessKeyId: string;
  userAgent: string;
  sourceAddress: string;
  host: string;
  eventId: string;
  /** ISO 8601, seconds. */
  time: string;
}

type Json = Record<string, unknown>;

const xml = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', parseTagValue: false });

/** APIs newer than about 2018 are recorded as their XML: a wrapper named after the request, PascalCase keys. */
const wrapped = new Set([
  'ModifySecurityGroupRules',
  'CreateManagedPrefixList',
  'ModifyManagedPrefixList',
  'RestoreManagedPrefixListVersion',
  'CreateIpamPrefixListResolverTarget',
]);

/** Errors about the caller's credentials. CloudTrail does not record such a call, because the caller is unknown. */
const unidentified = new Set([
  'AuthFailure',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'RequestExpired',
]);

/**
 * The CloudTrail record of an EC2 call, in the forms of real records: `ipPermissions.items` or the flat form, the XML
 * wrapper of newer calls, `errorCode` with the `Client.` or `Server.` prefix. Null for a call that failed
 * authentication. The rule ids of a revoke use the same `items` form; no real sample was available.
 */
export function cloudTrailRecord(call: FinishedCall): Json | null {
  const parsed = xml.parse(call.answer) as Record<string, Json>;
  const failure = failureOf(parsed, call.status);
  if (failure && unidentified.has(failure.errorCode.replace(/^\w+\./, ''))) return null;
  const response = parsed[`${call.action}Response`];
  const requestId = String(
    response?.requestId ?? (parsed.Response?.RequestID as string | undefined) ?? call.eventId,
  );
  return {
    eventVersion: '1.10',
    userIdentity: userIdentity(call.identity, call.accessKeyId),
    eventTime: call.time,
    eventSource: 'ec2.amazonaws.com',
    eventName: call.action,
    awsRegion: call.region,
    sourceIPAddress: call.sourceAddress,
    userAgent: call.userAgent,
    ...(failure ?? {}),
    requestParameters: requestParameters(call.action, call.parameters),
    responseElements: failure ? null : responseElements(call.action, response ?? {}),
    requestID: requestId,
    eventID: call.eventId,
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: call.identity.accountId,
    eventCategory: 'Management',
    tlsDetails: { clientProvidedHostHeader: call.host },
  };
}

function failureOf(
  parsed: Record<string, Json>,
  status: number,
): { errorCode: string; errorMessage: string } | null {
  if (status < 400) return null;
  const error = (parsed.Response?.Errors as { Error?: { Code?: string; Message?: string } } | undefined)
    ?.Error;
  const side = status < 500 ? 'Client' : 'Server';
  return { errorCode: `${side}.${error?.Code ?? 'InternalError'}`, errorMessage: error?.Message ?? '' };
}

/** The `userIdentity` of a record. */
export function userIdentity(identity: Identity, accessKeyId: string): Json {
  const { accountId, arn, userId: principalId, issuer } = identity;
  const who = { principalId, arn, accountId, accessKeyId };
  if (identity.type === 'AssumedRole' && issuer) {
    const { createdAt: creationDate, ...role } = issuer;
    return {
      type: 'AssumedRole',
      ...who,
      sessionContext: {
        sessionIssuer: { type: 'Role', ...role, accountId },
        attributes: { creationDate, mfaAuthenticated: 'false' },
      },
    };
  }
  if (identity.type === 'User') return { type: 'IAMUser', ...who, userName: identity.userName };
  return { type: identity.type, ...who };
}

/** Every other value stays text, such as a tag or a description of `true` or `22`. */
const booleans = /^(return|isEgress)$/i;
const numbers = /^(from|to)Port$|^(maxEntries|currentVersion|previousVersion|version)$/i;

function scalar(key: string, value: string): unknown {
  if (numbers.test(key) && /^-?\d+$/.test(value)) return Number(value);
  if (booleans.test(key)) return value === 'true';
  return value;
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

function requestParameters(action: string, parameters: Json): Json {
  const { DryRun: _, ...rest } = parameters;
  if (wrapped.has(action)) return { [`${action}Request`]: pascal(rest) };
  if (/^(Create|Delete)Tags$/.test(action)) return tagging(rest);
  const lowered = classic(rest) as Json;
  // Present and empty, also when the rule came in the flat form: a pattern on ipPermissions.items does not match that.
  const lists = /SecurityGroup(Ingress|Egress)$/.test(action) ? { ipPermissions: {} } : {};
  return { ...lists, ...lowered };
}

/** The tagged resources and the tags, one list each. A tag to delete may have no value. */
function tagging({ ResourceId, Tag }: Json): Json {
  const items = (list: unknown, item: (one: unknown) => unknown) =>
    Array.isArray(list) ? { items: list.map(item) } : {};
  return {
    resourcesSet: items(ResourceId, (resourceId) => ({ resourceId })),
    tagSet: items(Tag, (tag) => classic(tag as Json)),
  };
}

/** Wrapped form: a list is one object, or an array when it has more members, each with its position as `tag`. */
function pascal(tree: Json): Json {
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => {
      if (!Array.isArray(value)) return [key, isObject(value) ? pascal(value) : scalar(key, String(value))];
      const items = value.map((item, index) => (isObject(item) ? { ...pascal(item), tag: index + 1 } : item));
      return [key, items.length === 1 ? items[0] : items];
    }),
  );
}

const renamed: Record<string, string> = {
  TagSpecification: 'tagSpecificationSet',
  SecurityGroupRuleId: 'securityGroupRuleIds',
};

function classic(tree: Json): Json {
  const out: Json = {};
  for (const [key, value] of Object.entries(tree)) {
    const name = renamed[key] ?? key.charAt(0).toLowerCase() + key.slice(1);
    if (key === 'Tag' && Array.isArray(value)) out.tags = value.map((tag) => classic(tag as Json));
    else if (key === 'SecurityGroupRuleId' && Array.isArray(value))
      out[name] = { items: value.map((id) => ({ securityGroupRuleId: id })) };
    else if (key === 'IpPermissions' && Array.isArray(value))
      out[name] = {
        items: value.map((one) => ({
          ...{ groups: {}, ipRanges: {}, ipv6Ranges: {}, prefixListIds: {} },
          ...classic(one as Json),
        })),
      };
    else if (Array.isArray(value))
      out[name] = { items: value.map((item) => (isObject(item) ? classic(item) : item)) };
    else out[name] = isObject(value) ? classic(value) : scalar(name, String(value));
  }
  return out;
}

function responseElements(action: string, response: Json): Json {
  const { xmlns, ...rest } = response;
  if (wrapped.has(action)) return { [`${action}Response`]: { xmlns, ...(elements(rest) as Json) } };
  const { return: done, ...others } = elements(rest) as Json;
  return done === undefined ? others : { ...others, _return: done };
}

/** EC2's XML lists (`item` elements) become `{ items: [...] }`. */
function elements(node: unknown, key = ''): unknown {
  if (!isObject(node)) return key.endsWith('Set') && node === '' ? {} : scalar(key, String(node));
  if ('item' in node) {
    const items = Array.isArray(node.item) ? node.item : [node.item];
    return { items: items.map((item) => elements(item)) };
  }
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, elements(value, name)]));
}
