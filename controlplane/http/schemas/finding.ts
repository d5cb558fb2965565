import { z } from 'zod';
import { modes } from '../../../lambda/policy/schema/policy.ts';
import { type Control, standards } from '../../store/findings/controls.ts';
import { severities } from '../../store/findings/counts.ts';
import { exposures, findingCauses, findingStates } from '../../store/findings/finding.ts';
import type { FindingCounts } from '../../store/findings/list-counts.ts';
import type { FindingChange, FindingRecord } from '../../store/findings/record.ts';
import { type MissedEvent, missedHops } from '../../store/sweeps/missed-events.ts';
import { account, type SchemaOf, textOrNull, time, timeOrNull } from './json.ts';
import { pageFields } from './page.ts';

const control = z.object({
  standard: z.enum(Object.keys(standards) as (keyof typeof standards)[]),
  control: z.string(),
}) satisfies SchemaOf<Control>;

const openedBy = z
  .object({ principal: z.string(), eventId: z.string(), eventTime: z.string() })
  .nullable()
  .describe('The API call that opened it, where CloudTrail still had it');

const finding = z.object({
  id: z.string().describe('The same for the same ingress of a group, also when its rule is created again'),
  accountId: account,
  region: z.string(),
  groupId: z.string(),
  groupName: textOrNull,
  vpcId: textOrNull,
  ruleId: textOrNull.describe('The security group rule that was last read with this content'),
  protocol: z.string(),
  fromPort: z.int().nullable(),
  toPort: z.int().nullable(),
  source: z.string(),
  policyRule: z.string(),
  policyDigest: z.string(),
  severity: textOrNull,
  mode: z.enum(modes),
  why: z.string(),
  exceptions: z.array(z.object({ name: z.string(), expires: textOrNull })),
  exposure: z
    .enum(exposures)
    .describe('`attached`: not shown to be reachable; load balancers and network ACLs are not evaluated'),
  exposureWhy: z.string(),
  addresses: z.array(z.string()),
  exposureReadAt: timeOrNull.describe('When a sweep read the exposure; null where none has'),
  owner: z
    .object({ by: z.enum(['group-tag', 'account-tag', 'principal']), tag: textOrNull, value: z.string() })
    .nullable(),
  openedBy,
  state: z.enum(findingStates),
  stateSince: time,
  firstSeen: time,
  lastSeen: time,
  readAt: time.describe('The newest reading that decided the state'),
  cameIn: z.enum(['event', 'sweep']).describe('What saw it first'),
  cameInBy: z.string().describe('The id of that event or sweep'),
  controls: z.array(control).describe('The controls that it is evidence against'),
}) satisfies SchemaOf<FindingRecord>;

const change = z.object({
  at: time,
  from: z.enum(findingStates).nullable().describe('null where the finding was new'),
  to: z.enum(findingStates),
  cause: z.enum(findingCauses).describe('`account-left`: the account left the organization'),
  causeId: z.string().describe('The id of the event, of the sweep, or of the account that left'),
  recordedAt: time,
}) satisfies SchemaOf<FindingChange>;

const numbers = <Name extends string>(names: readonly Name[]) =>
  z.object(Object.fromEntries(names.map((name) => [name, z.int()])) as Record<Name, z.ZodInt>);

const counts = z.object({
  state: numbers(findingStates),
  severity: numbers(severities),
  exposure: numbers(exposures),
}) satisfies SchemaOf<FindingCounts>;

export const findingsSchema = z.object({
  findings: z.array(finding),
  ...pageFields,
  counts: counts.nullable().describe('Of all findings with these filters; with the first page only'),
});

const missedEvent = z.object({
  accountId: account,
  region: z.string(),
  groupId: z.string(),
  ingress: z.string(),
  sweepId: z.string().describe('The sweep that found it'),
  state: z.enum(['suspected', 'missed', 'announced']),
  afterAt: time.describe('The rule was opened after this'),
  foundAt: time,
  openedBy,
  hop: z.enum(missedHops).nullable(),
  message: textOrNull.describe('What is known about the hop, with the fix'),
  judgedAt: timeOrNull,
}) satisfies SchemaOf<MissedEvent>;

export const findingWithHistorySchema = finding.extend({
  history: z.array(change).describe('The newest 500 changes of its state, the newest first'),
  missedEvent: missedEvent
    .nullable()
    .describe('Set where a sweep found it and no event announced it: where that event was lost'),
});

export type FindingView = z.infer<typeof finding>;
export type FindingsView = z.infer<typeof findingsSchema>;
export type FindingWithHistoryView = z.infer<typeof findingWithHistorySchema>;
