import * as z from 'zod';
import { modes } from '../policy/schema/policy.ts';

/** What happened to one violating security group rule. */
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

/** The result of one event for one security group. */
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

/** The input of `aws ec2 authorize-security-group-ingress --ip-permissions`, and the tags that the rule had. */
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
  message: z.string().nullable().describe("The policy rule's own words for people."),
  why: z.string(),
  action: z.enum(actions),
  error: z.string().optional(),
  undo: undo.nullable().describe('What restores the rule; null if it was not revoked.'),
  narrowed: z
    .object({ to: z.array(z.string()), error: z.string().optional() })
    .optional()
    .describe('The ranges allowed instead, if the policy rule narrows; with an error if that failed.'),
  recurrence: z
    .object({
      times: z.int(),
      withinMinutes: z.int(),
      closesAt: z.iso
        .datetime()
        .optional()
        .describe('When the schedule closes it, at the latest a minute later; absent where it is left open.'),
    })
    .optional()
    .describe('How often this ingress was closed within so many minutes, this time included.'),
});

/** Who last changed the tag that requests an exception for the group; null when no event reported it. */
const exceptionTag = z.object({
  key: z.string(),
  value: z.string(),
  changedBy: z.string().nullable(),
  changedAt: z.string().nullable(),
  samePerson: z.boolean().describe('The caller of this event is who changed it.'),
});

/** A difference between the group and the event that is still there after reading again for 5 seconds. */
const disagreement = z.object({
  of: z.string().describe('The id of a security group rule, or `tag <key>`.'),
  event: z.string().nullable().describe('What the event says of it; null: that the tag was deleted.'),
  read: z.string().nullable().describe('What was read and evaluated; null: nothing.'),
});

/** A violation that exceptions allow. */
const excepted = z.object({
  ruleId: z.string(),
  policyRule: z.string(),
  exceptions: z.array(z.object({ name: z.string(), expires: z.string().nullable() })),
});

/** The result of a notification channel. `folded`: one message stands for many, because too many came at once. */
const channel = z.object({
  status: z.enum(['sent', 'folded', 'failed', 'not-configured', 'not-needed']),
  error: z.string().optional(),
});

/**
 * The detail of a `Portcullis Remediation` event: the result of one event for one security group. `eventId` and
 * `groupId` together identify it; a replay of the event repeats both. Times are ISO 8601 in UTC.
 */
export const remediationResultSchema = z.object({
  schemaVersion: z.literal(1),
  eventId: z
    .string()
    .describe("The EventBridge event's id: the same on every bus it crossed and in every retry."),
  cloudTrailEventId: z.string().nullable().describe("CloudTrail's id of the API call, to look it up there."),
  time: z.iso.datetime(),
  account: z
    .string()
    .describe(
      "Whose group it is: the account of the event's envelope, or one that a prefix list is shared with. Empty only where the envelope was unreadable.",
    ),
  region: z.string(),
  groupId: z.string().nullable(),
  groupName: z.string().nullable(),
  vpcId: z.string().nullable(),
  outcome: z
    .enum(outcomes)
    .describe(
      '`escalated`, `undecided`, `access-denied` and `failed` want a person. `escalated`: the same ingress came back so often that the schedule closes it, within 6 minutes, unless the policy rule leaves it open. `excepted`: exceptions let through all that the policy forbids there.',
    ),
  reason: z
    .string()
    .nullable()
    .describe('Why, where the findings do not say it: ignored, undecided, gone, denied, failed.'),
  mode: z
    .enum(modes)
    .nullable()
    .describe("The strongest mode that the findings' rules act in; null without findings."),
  policyDigest: z.string().describe("The SHA-256 of the policy's meaning, in hex."),
  bundle: z
    .string()
    .nullable()
    .describe(
      'The SHA-256 of the deployed bundle, which names code and policy together; null outside of one.',
    ),
  actor: z.object({
    principal: z.string().nullable(),
    session: z.string().nullable(),
    sourceIp: z.string().nullable(),
    userAgent: z.string().nullable(),
    tool: z
      .string()
      .nullable()
      .describe(
        '`console`, `terraform`, `cloudformation`, `aws-cli`, … as far as user agent and caller tell.',
      ),
  }),
  owner: z
    .object({ tag: z.string(), value: z.string() })
    .nullable()
    .describe("Who answers for the group, by the first of the policy's `ownerTags` that it has."),
  eventName: z.string().nullable(),
  canary: z
    .string()
    .max(64)
    .optional()
    .describe('The id of the canary that the result is about and that verifies a cell; absent otherwise.'),
  findings: z.array(findingSchema),
  undecided: z.array(z.object({ ruleId: z.string(), reason: z.string() })),
  excepted: z.array(excepted),
  disagreements: z
    .array(disagreement)
    .optional()
    .describe(
      'Where EC2 did not show what the event says; it is read again by the schedule. Absent without any.',
    ),
  repeated: z
    .boolean()
    .optional()
    .describe(
      'True where people were notified before that this ingress keeps coming back, and are not notified again.',
    ),
  exceptionTag: exceptionTag.nullable().describe("The group's exception tag, where it has one."),
  omitted: z
    .int()
    .min(0)
    .describe(
      'Findings, excepted and undecided rules left out: of an SNS message for its size limit, of an event only one that alone exceeds it; all of them are in the log.',
    ),
  part: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Which part of a result it is that is too large for one event; absent where the result is whole. The parts have the same `time`.',
    ),
  parts: z
    .int()
    .min(2)
    .optional()
    .describe('How many parts the result has. `GET /v1/remediations` has it while a part is missing.'),
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
