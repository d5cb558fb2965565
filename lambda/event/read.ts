import { hash } from 'node:crypto';
import * as z from 'zod';
import {
  type EventSubject,
  namedByResolverEdit,
  namedByResolverTarget,
  noSubject,
  regionShape,
  subjectOfAuthorize,
  subjectOfModify,
  subjectOfPrefixListEdit,
  type TagChange,
  tagChanges,
  tagsAtCreation,
} from './parameters.ts';
import { toolOf } from './tool.ts';

/** The caller as CloudTrail reports it. For display only: an administrator of the member account can forge it. */
export interface Actor {
  principal: string | null;
  session: string | null;
  sourceIp: string | null;
  userAgent: string | null;
  /** The tool, from user agent and caller: `console`, `terraform`, `cloudformation`, … */
  tool: string | null;
}

/** One API call. Account and Region are from the envelope, which EventBridge writes and the caller cannot forge. */
export interface ApiCall {
  eventId: string;
  account: string;
  region: string;
  cloudTrailEventId: string | null;
  eventName: string | null;
  eventTime: string | null;
  actor: Actor;
}

/** What is known of an event that no API call caused. */
export const callWithoutCaller = (eventId: string, account: string, region: string): ApiCall => ({
  ...{ eventId, account, region, cloudTrailEventId: null, eventName: null, eventTime: null },
  actor: { principal: null, session: null, sourceIp: null, userAgent: null, tool: null },
});

export type Reading = { call: ApiCall } & Triage;

type Triage =
  /**
   * Inspect the named groups. `own`: the caller used the remediation role. `failed`: the call ended with an error that
   * does not prove that nothing changed.
   */
  | { kind: 'inspect'; subject: EventSubject; tagChanges: TagChange[]; own: boolean; failed: boolean }
  /** Only record who set a tag that the policy reads. No one is notified. */
  | { kind: 'noted'; tagChanges: TagChange[] }
  /** Do nothing, for this reason. */
  | { kind: 'ignored' | 'undecided'; reason: string };

export interface Concern {
  /** The name of the role that the Lambda assumes in member accounts. */
  remediationRole: string;
  /** The keys of the group tags that the policy reads. */
  tagKeys: ReadonlySet<string>;
}

const shown = z
  .string()
  .transform((text) => text.slice(0, 512))
  .nullable()
  .catch(null);

const envelopeSchema = z.object({
  id: z.string().min(1).max(128),
  account: z
    .union([z.string(), z.int().nonnegative()])
    .transform((account) => String(account).padStart(12, '0'))
    .pipe(z.string().regex(/^\d{12}$/)),
  region: z.string().regex(regionShape),
  source: z.literal('aws.ec2'),
  'detail-type': z.literal('AWS API Call via CloudTrail'),
  detail: z.object({
    eventSource: z.literal('ec2.amazonaws.com'),
    eventName: z.string().min(1).max(128),
    errorCode: z.string().nullish(),
    eventID: shown,
    eventTime: shown,
    sourceIPAddress: shown,
    userAgent: shown,
    userIdentity: z
      .object({ arn: shown, principalId: shown, invokedBy: shown, userName: shown })
      .catch({ arn: null, principalId: null, invokedBy: null, userName: null }),
    sessionCredentialFromConsole: z.union([z.string(), z.boolean()]).nullable().catch(null),
    requestParameters: z.unknown().optional(),
    responseElements: z.unknown().optional(),
  }),
});

type Detail = z.infer<typeof envelopeSchema>['detail'];

/** What an EventBridge event requires the Lambda to do. Pure. An event that cannot be read is `undecided`. */
export function readEvent(event: unknown, concern: Concern): Reading {
  const parsed = envelopeSchema.safeParse(event);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'event');
    return {
      kind: 'undecided',
      call: unreadable(event),
      reason: `the event cannot be read: ${fields.join(', ')}`,
    };
  }
  const { detail, ...envelope } = parsed.data;
  const call: ApiCall = {
    eventId: envelope.id,
    account: envelope.account,
    region: envelope.region,
    cloudTrailEventId: detail.eventID,
    eventName: detail.eventName,
    eventTime: detail.eventTime,
    actor: actorOf(detail),
  };
  return { call, ...triage(detail, envelope.account, concern) };
}

function triage(detail: Detail, account: string, { remediationRole, tagKeys }: Concern): Triage {
  const { eventName, requestParameters: request, responseElements: response } = detail;
  const harmless = harmlessCalls.get(eventName);
  if (harmless) return { kind: 'ignored', reason: harmless };
  const read = readers.get(eventName);
  if (!read) return { kind: 'undecided', reason: `${eventName} is not an event this Lambda knows` };
  const { errorCode } = detail;
  if (errorCode && changedNothing(errorCode)) {
    return { kind: 'ignored', reason: `the call failed with ${errorCode}, so it changed nothing` };
  }
  const { subject, tagChanges: changes = [] } = read(request, response, tagKeys);
  if (!subject) return { kind: 'noted', tagChanges: changes };
  const own = isOwnSession(detail, account, remediationRole);
  return { kind: 'inspect', subject, tagChanges: changes, own, failed: Boolean(errorCode) };
}

/**
 * Only a client error proves that nothing changed. A call that ended with a server error may have succeeded, and a
 * duplicate means that the rule exists already. Source: "Error codes for the Amazon EC2 API", EC2 developer guide.
 */
function changedNothing(errorCode: string): boolean {
  return errorCode.startsWith('Client.') && errorCode !== 'Client.InvalidPermission.Duplicate';
}

type Reader = (
  request: unknown,
  response: unknown,
  tagKeys: ReadonlySet<string>,
) => { subject?: EventSubject; tagChanges?: TagChange[] };

type Naming = (eventName: string, request: unknown, response: unknown) => EventSubject;

const listEdit = (eventName: string, named: Naming): [string, Reader] => [
  eventName,
  (request, response) => ({ subject: named(eventName, request, response) }),
];

/** A change of a tag that the policy reads can end an exception, so the groups are inspected. */
const tagEdit = (eventName: string): [string, Reader] => [
  eventName,
  (request, _, tagKeys) => {
    const changes = tagChanges(eventName, request, tagKeys);
    const groupIds = [...new Set(changes.map(({ groupId }) => groupId))];
    if (groupIds.length === 0) return {};
    return { subject: { ...noSubject, groupIds }, tagChanges: changes };
  },
];

/** The calls that can allow ingress, with the reader of what each one names. */
const readers = new Map<string, Reader>([
  [
    'AuthorizeSecurityGroupIngress',
    (request, response) => ({ subject: subjectOfAuthorize(request, response) }),
  ],
  ['ModifySecurityGroupRules', (request) => ({ subject: subjectOfModify(request) })],
  listEdit('ModifyManagedPrefixList', subjectOfPrefixListEdit),
  listEdit('RestoreManagedPrefixListVersion', subjectOfPrefixListEdit),
  listEdit('CreateIpamPrefixListResolverTarget', namedByResolverTarget),
  listEdit('ModifyIpamPrefixListResolverTarget', namedByResolverTarget),
  listEdit('ModifyIpamPrefixListResolver', namedByResolverEdit),
  tagEdit('CreateTags'),
  tagEdit('DeleteTags'),
  [
    'CreateSecurityGroup',
    (request, response, tagKeys) => ({ tagChanges: tagsAtCreation(request, response, tagKeys) }),
  ],
]);

/** Calls that never allow ingress. */
const harmlessCalls = new Map([
  ['UpdateSecurityGroupRuleDescriptionsIngress', 'a description allows no traffic'],
  ['UpdateSecurityGroupRuleDescriptionsEgress', 'a description allows no traffic'],
  ['AuthorizeSecurityGroupEgress', 'egress is not evaluated'],
  ['RevokeSecurityGroupIngress', 'a revoke allows no traffic'],
  ['RevokeSecurityGroupEgress', 'egress is not evaluated'],
  ['DeleteSecurityGroup', 'a deleted group allows no traffic'],
]);

/** An assumed-role ARN has role and session: `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
function isOwnSession(detail: Detail, account: string, remediationRole: string): boolean {
  const [, , service, , owner, resource = ''] = detail.userIdentity.arn?.split(':') ?? [];
  return service === 'sts' && owner === account && resource.startsWith(`assumed-role/${remediationRole}/`);
}

function actorOf(detail: Detail): Actor {
  const { userAgent, sessionCredentialFromConsole } = detail;
  const { arn, principalId, invokedBy, userName } = detail.userIdentity;
  const session = /:assumed-role\/[^/]+\/(.+)$/.exec(arn ?? '')?.[1] ?? null;
  return {
    principal: arn ?? invokedBy ?? userName ?? principalId,
    session,
    sourceIp: detail.sourceIPAddress,
    userAgent,
    tool: toolOf({ userAgent, invokedBy, sessionCredentialFromConsole }),
  };
}

const loose = z.object({ id: shown, account: z.union([z.string(), z.number()]).catch(''), region: shown });

/** The readable fields of an unreadable event. Without an id, the hash of its content is the id. */
function unreadable(event: unknown): ApiCall {
  const { id, account = '', region } = loose.safeParse(event).data ?? {};
  const digest = hash('sha256', JSON.stringify(event) ?? 'undefined').slice(0, 32);
  return callWithoutCaller(id || `unreadable-${digest}`, String(account).slice(0, 512), region ?? '');
}
