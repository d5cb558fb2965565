import * as z from 'zod';
import { modes } from './grammar.ts';

/** What became of one offending security group rule. */
export const actions = ['revoked', 'would-revoke', 'notified', 'observed', 'already-gone', 'failed'] as const;

/** What came of one event for one security group; `undecided`, `access-denied` and `failed` want a person. */
export const outcomes = [
  'remediated',
  'notified',
  'observed',
  'clean',
  'ignored',
  'undecided',
  'group-gone',
  'rule-gone',
  'access-denied',
  'failed',
] as const;

const finding = z.object({
  ruleId: z.string(),
  protocol: z.string(),
  fromPort: z.int().nullable(),
  toPort: z.int().nullable(),
  source: z.string(),
  policyRule: z.string(),
  severity: z.string().nullable(),
  why: z.string(),
  action: z.enum(actions),
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
  }),
  eventName: z.string().nullable(),
  findings: z.array(finding),
  undecided: z.array(z.object({ ruleId: z.string(), reason: z.string() })),
  /** Findings and undecided rules left out because an event has a size limit; all of them are in the log. */
  omitted: z.int().min(0),
  notification: z.object({
    slack: z.enum(['sent', 'failed', 'not-configured', 'not-needed']),
    error: z.string().optional(),
  }),
  timeline: z.object({
    eventTime: z.string().nullable(),
    receivedAt: z.iso.datetime(),
    revokedAt: z.iso.datetime().nullable(),
  }),
});

export type RemediationResult = z.infer<typeof remediationResultSchema>;
export type ResultFinding = RemediationResult['findings'][number];
export type Outcome = RemediationResult['outcome'];
export type Action = ResultFinding['action'];

export const resultSource = 'portcullis';
export const resultDetailType = 'Portcullis Remediation';
