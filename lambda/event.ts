import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Named, namedByAuthorize, namedByModify, namedByPrefixListEdit } from './parameters.ts';
import { toolOf } from './tool.ts';

/** Who called, as CloudTrail tells it. For people to read: a member's administrator can forge it. */
export interface Actor {
  principal: string | null;
  session: string | null;
  sourceIp: string | null;
  userAgent: string | null;
  /** As far as user agent and caller tell: `console`, `terraform`, `cloudformation`, … */
  tool: string | null;
}

/** One API call; account and Region are the envelope's, which EventBridge writes and nobody can forge. */
export interface ApiCall {
  eventId: string;
  account: string;
  region: string;
  cloudTrailEventId: string | null;
  eventName: string | null;
  eventTime: string | null;
  actor: Actor;
}

/** What an event asks for: a look at the groups it names, or nothing, with the reason. */
export type Reading =
  | { kind: 'look'; call: ApiCall; named: Named }
  | { kind: 'ignored' | 'undecided'; call: ApiCall; reason: string };

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
  region: z.string().regex(/^[a-z]{2,5}(-[a-z]+)+-\d+$/),
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
    requestParameters: z.unknown(),
    responseElements: z.unknown(),
  }),
});

type Detail = z.infer<typeof envelopeSchema>['detail'];

/**
 * What an EventBridge event asks the Lambda to do. Pure. An event that cannot be read is `undecided`. `remediationRole` is the name of the role whose own calls are skipped.
 */
export function readEvent(event: unknown, remediationRole: string): Reading {
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
  return { call, ...triage(detail, envelope.account, remediationRole) };
}

type Triage = { kind: 'look'; named: Named } | { kind: 'ignored' | 'undecided'; reason: string };

function triage(detail: Detail, account: string, remediationRole: string): Triage {
  const read = readers.get(detail.eventName);
  if (!read) return { kind: 'undecided', reason: `${detail.eventName} is not an event this Lambda knows` };
  if (detail.errorCode && detail.errorCode !== 'Client.InvalidPermission.Duplicate') {
    return { kind: 'ignored', reason: `the call failed with ${detail.errorCode}, so it changed nothing` };
  }
  if (isOwnSession(detail, account, remediationRole)) {
    return { kind: 'ignored', reason: `the call was made by ${remediationRole} itself` };
  }
  const named = read(detail);
  return typeof named === 'string' ? { kind: 'undecided', reason: named } : { kind: 'look', named };
}

/** What each event names, or in a sentence why it cannot be told. */
const readers = new Map<string, (detail: Detail) => Named | string>([
  [
    'AuthorizeSecurityGroupIngress',
    (detail) => namedByAuthorize(detail.requestParameters, detail.responseElements),
  ],
  ['ModifySecurityGroupRules', (detail) => namedByModify(detail.requestParameters)],
  [
    'ModifyManagedPrefixList',
    (detail) => namedByPrefixListEdit(detail.requestParameters, detail.responseElements),
  ],
]);

/** An assumed-role ARN names role and session: `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
function isOwnSession(detail: Detail, account: string, remediationRole: string): boolean {
  const [, , service, , owner, resource = ''] = detail.userIdentity.arn?.split(':') ?? [];
  return service === 'sts' && owner === account && resource.startsWith(`assumed-role/${remediationRole}/`);
}

function actorOf(detail: Detail): Actor {
  const { arn, principalId, invokedBy, userName } = detail.userIdentity;
  const session = /:assumed-role\/[^/]+\/(.+)$/.exec(arn ?? '')?.[1] ?? null;
  return {
    principal: arn ?? invokedBy ?? userName ?? principalId,
    session,
    sourceIp: detail.sourceIPAddress,
    userAgent: detail.userAgent,
    tool: toolOf({ userAgent: detail.userAgent, invokedBy }),
  };
}

const loose = z.object({ id: shown, account: z.union([z.string(), z.number()]).catch(''), region: shown });

/** As much of an unreadable event as can be shown; its id is its content's where it has none. */
function unreadable(event: unknown): ApiCall {
  const parts = loose.safeParse(event);
  const digest = createHash('sha256')
    .update(JSON.stringify(event) ?? 'undefined')
    .digest('hex')
    .slice(0, 32);
  return {
    eventId: parts.data?.id || `unreadable-${digest}`,
    account: String(parts.data?.account ?? '').slice(0, 512),
    region: parts.data?.region ?? '',
    cloudTrailEventId: null,
    eventName: null,
    eventTime: null,
    actor: { principal: null, session: null, sourceIp: null, userAgent: null, tool: null },
  };
}
