import * as z from 'zod';
import { type ApiCall, type Reading, readEvent } from '../../../lambda/event/read.ts';
import type { Policy } from '../../../lambda/policy/parse.ts';
import type { Fact } from '../../../lambda/policy/security-group.ts';
import { tagKeysOf } from '../../../lambda/policy/tag-keys.ts';
import { names } from '../../../programs/names.ts';
import { ingressPattern } from '../../../programs/pattern.ts';
import { type EvaluatedRule, type EvaluationInput, evaluateRules, type GroupSnapshot } from './evaluate.ts';
import { fitsPattern } from './pattern.ts';
import { type Asked, askedBy } from './request.ts';

/** What one event would lead to. */
export interface EventReport {
  readonly eventId: string;
  readonly eventName: string | null;
  readonly account: string;
  readonly region: string;
  readonly principal: string | null;
  readonly tool: string | null;
  /** `noted`: who set a tag is recorded, and no group is read. `not-forwarded`: it never reaches the Lambda. */
  readonly reading: 'looked-at' | 'noted' | 'ignored' | 'undecided' | 'not-forwarded';
  readonly why: string;
  /** What the call asks for, evaluated from the event's words as if the group held nothing else. */
  readonly asked: {
    readonly from: Asked['from'];
    readonly unreadable: number;
    readonly rules: EvaluatedRule[];
  } | null;
}

/** What the Lambda would make of an event, as far as the event and the groups given tell. Pure. */
export function eventReportOf(
  policy: Policy,
  event: unknown,
  snapshots: readonly GroupSnapshot[],
  input: EvaluationInput,
): EventReport {
  const concern = { remediationRole: names.remediationRole, tagKeys: tagKeysOf(policy) };
  const reading = readEvent(event, concern);
  const { eventId, account, region, eventName, actor } = reading.call;
  const common = {
    eventId,
    eventName: eventName ?? eventNameOf(event),
    account,
    region,
    principal: actor.principal,
    tool: actor.tool,
  };
  const idle = (kind: EventReport['reading'], why: string) => ({
    ...common,
    reading: kind,
    why,
    asked: null,
  });
  if (!fitsPattern(ingressPattern, event))
    return idle('not-forwarded', 'the forwarding rule does not let such an event through');
  if ('reason' in reading) return idle(reading.kind, reading.reason);
  if (reading.kind === 'noted')
    return idle('noted', 'it allows no traffic; who set a tag that the policy uses is recorded');
  const { subject, call, own, tagChanges } = reading;
  const why = [
    inspectionOf(subject, call, snapshots),
    ...(own ? [`the caller wore ${names.remediationRole}`] : []),
  ].join('; ');
  const asked =
    tagChanges.length > 0 ? null : evaluateAsked(policy, event, subjectOf(reading, snapshots), input);
  return { ...common, reading: 'looked-at', why, asked };
}

type Inspection = Extract<Reading, { kind: 'inspect' }>;

/** Which groups the Lambda would read. */
function inspectionOf(
  { groupIds, groupName, prefixListId }: Inspection['subject'],
  call: ApiCall,
  snapshots: readonly GroupSnapshot[],
): string {
  if (groupIds.length > 0) return `names ${groupIds.join(', ')}`;
  const inPlace = snapshots.filter(
    ({ account, region }) => account === call.account && region === call.region,
  );
  const given = (ids: string[]) => (ids.length > 0 ? `, of those given ${ids.join(', ')}` : '');
  if (prefixListId !== null) {
    const users = inPlace.filter(({ rules }) => rules.some(({ source }) => source.text === prefixListId));
    return `names ${prefixListId}, and so every group that allows it${given(users.map(({ group }) => group.id))}`;
  }
  if (groupName === null) return 'what it names was left out, and so every group of the Region is read';
  const namesakes = inPlace.filter(({ group }) => !group.unread?.has('name') && group.name === groupName);
  return `names every group called ${groupName}${given(namesakes.map(({ group }) => group.id))}`;
}

/** The group as it is given, else as far as the event tells of it; without rules. */
function subjectOf({ subject, call }: Inspection, snapshots: readonly GroupSnapshot[]): GroupSnapshot {
  const { account, region } = call;
  const [id] = subject.groupIds;
  const given = snapshots.find(({ group }) => group.id === id);
  if (given) return { ...given, rules: [], account, region };
  const unread = new Set<Fact>(['vpc']);
  if (!id) unread.add('id');
  if (!subject.groupName) unread.add('name');
  const group = { id: id ?? 'the group', name: subject.groupName ?? '', vpcId: null, unread };
  return { group, account, region, rules: [], egress: 0, notes: [] };
}

const detailSchema = z.object({
  detail: z.object({ eventName: z.string(), requestParameters: z.unknown(), responseElements: z.unknown() }),
});

function eventNameOf(event: unknown): string | null {
  return detailSchema.safeParse(event).data?.detail.eventName.slice(0, 128) ?? null;
}

function evaluateAsked(
  policy: Policy,
  event: unknown,
  snapshot: GroupSnapshot,
  input: EvaluationInput,
): EventReport['asked'] {
  const { data } = detailSchema.safeParse(event);
  if (!data) return null;
  const { eventName, requestParameters, responseElements } = data.detail;
  const { rules, ...rest } = askedBy(eventName, snapshot.group.id, requestParameters, responseElements);
  if (rules.length === 0 && rest.unreadable === 0) return null;
  return { ...rest, rules: evaluateRules(policy, { ...snapshot, rules }, input) };
}
