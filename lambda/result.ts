import * as z from 'zod';
import { modes } from './grammar.ts';

/** What became of one offending security group rule. */
export const actions = [
  'revoked',
  'narrowed',
  'would-revoke',
  'escalated',
  'notified',
  'observed',
  'already-gone',
  'failed',
] as const;

/**
 * What came of one event for one security group; `escalated`, `undecided`, `access-denied` and `failed` want a
 * person. `escalated`: the same ingress came back so often that it is no longer closed. `excepted`: all that the
 * policy forbids there is let through by exceptions.
 */
export const outcomes = [
  'remediated',
  'escalated',
  'notified',
  'observed',
  'excepted',
  'clean',
  'ignored',
  'undecided',
  'group-gone',
  'rule-gone',
  'access-denied',
  'failed',
] as const;

/** What `aws ec2 authorize-security-group-ingress --ip-permissions` takes, and the tags that the rule had. */
const undo = z.object({
  ipPermission: z.record(z.string(), z.unknown()),
  tags: z.array(z.object({ Key: z.string(), Value: z.string() })),
});

export const findingSchema = z.object({
  ruleId: z.string(),
  protocol: z.string(),
  fromPort: z.int().nullable(),
  toPort: z.int().nullable(),
  source: z.string(),
  policyRule: z.string(),
  severity: z.string().nullable(),
  /** The policy rule's own words for people. */
  message: z.string().nullable(),
  why: z.string(),
  action: z.enum(actions),
  error: z.string().optional(),
  /** What puts the rule back; null where it was not taken away. */
  undo: undo.nullable(),
  /** The ranges let in instead, where the policy rule narrows; with an error where that did not succeed. */
  narrowed: z.object({ to: z.array(z.string()), error: z.string().optional() }).optional(),
  /** How often this ingress was closed within so many minutes, this time included. */
  recurrence: z.object({ times: z.int(), withinMinutes: z.int() }).optional(),
});

/** Who last changed the tag that a group asks for an exception by; null where no event told of it. */
const exceptionTag = z.object({
  key: z.string(),
  value: z.string(),
  changedBy: z.string().nullable(),
  changedAt: z.string().nullable(),
  /** The caller of this event is who changed it. */
  samePerson: z.boolean(),
});

/** A rule that the policy forbids and exceptions let through. */
const excepted = z.object({
  ruleId: z.string(),
  policyRule: z.string(),
  exceptions: z.array(z.object({ name: z.string(), expires: z.string().nullable() })),
});

/** What a channel made of a result; `folded`: one message stands for many, as too many came at once. */
const channel = z.object({
  status: z.enum(['sent', 'folded', 'failed', 'not-configured', 'not-needed']),
  error: z.string().optional(),
});

/**
 * The detail of a `Portcullis Remediation` event: what one event came to for one security group. `eventId` and
 * `groupId` together are its identity; a replay of the event repeats both. Times are ISO 8601 in UTC.
 */
export const remediationResultSchema = z.object({
  schemaVersion: z.literal(1),
  /** The EventBridge event's id: the same on every bus it crossed and in every retry. */
  eventId: z.string(),
  /** CloudTrail's id of the API call, to look it up there. */
  cloudTrailEventId: z.string().nullable(),
  time: z.iso.datetime(),
  /** Both from the event's envelope; empty only where the envelope itself was unreadable. */
  account: z.string(),
  region: z.string(),
  groupId: z.string().nullable(),
  groupName: z.string().nullable(),
  vpcId: z.string().nullable(),
  outcome: z.enum(outcomes),
  /** Why, where the findings do not say it: ignored, undecided, gone, denied, failed. */
  reason: z.string().nullable(),
  /** The strongest mode that the findings' rules act in; null without findings. */
  mode: z.enum(modes).nullable(),
  policyDigest: z.string(),
  actor: z.object({
    principal: z.string().nullable(),
    session: z.string().nullable(),
    sourceIp: z.string().nullable(),
    userAgent: z.string().nullable(),
    /** `console`, `terraform`, `cloudformation`, `aws-cli`, … as far as user agent and caller tell. */
    tool: z.string().nullable(),
  }),
  /** Who answers for the group, by the first of the policy's `ownerTags` that it has. */
  owner: z.object({ tag: z.string(), value: z.string() }).nullable(),
  eventName: z.string().nullable(),
  findings: z.array(findingSchema),
  undecided: z.array(z.object({ ruleId: z.string(), reason: z.string() })),
  excepted: z.array(excepted),
  /** The group's exception tag, where it has one. */
  exceptionTag: exceptionTag.nullable(),
  /** Findings, excepted and undecided rules left out because an event has a size limit; all of them are in the log. */
  omitted: z.int().min(0),
  notification: z.object({ slack: channel, sns: channel, securityHub: channel }),
  timeline: z.object({
    eventTime: z.string().nullable(),
    receivedAt: z.iso.datetime(),
    revokedAt: z.iso.datetime().nullable(),
  }),
});

export type RemediationResult = z.infer<typeof remediationResultSchema>;
export type ResultFinding = RemediationResult['findings'][number];
export type Outcome = RemediationResult['outcome'];
export type Excepted = RemediationResult['excepted'][number];
export type Notification = RemediationResult['notification'];
export type Channel = Notification['slack'];
export type Undo = NonNullable<ResultFinding['undo']>;
export type Action = ResultFinding['action'];

export const resultSource = 'portcullis';
export const resultDetailType = 'Portcullis Remediation';
