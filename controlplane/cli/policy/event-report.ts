import * as z from 'zod';
import { type ApiCall, type Reading, readEvent } from '../../../lambda/event/read.ts';
import { createdRulesIn, editsIn, type Fields, permissionsIn } from '../../../lambda/event/record.ts';
import type { Policy } from '../../../lambda/policy/parse.ts';
import { openingsOf, ruleOf, ruleWithoutId } from '../../../lambda/policy/rule.ts';
import type { SecurityGroupRule } from '../../../lambda/policy/security-group.ts';
import { tagKeysOf } from '../../../lambda/policy/tag-keys.ts';
import { names } from '../../../programs/names.ts';
import { ingressPattern } from '../../../programs/pattern.ts';
import { type EvaluatedRule, type EvaluationInput, evaluateRules } from './evaluate.ts';
import { permissionSchema, ruleSchema } from './exports.ts';
import { matchesPattern } from './pattern.ts';
import { type GroupSnapshot, knownGroup } from './snapshot.ts';

/** What one event would lead to. */
export interface EventReport {
  readonly eventId: string;
  readonly eventName: string | null;
  readonly account: string;
  readonly region: string;
  readonly principal: string | null;
  readonly tool: string | null;
  /** `noted`: who set a tag is recorded, and no group is read. `not-forwarded`: the event never reaches the Lambda. */
  readonly reading: 'inspected' | 'noted' | 'ignored' | 'undecided' | 'not-forwarded';
  readonly why: string;
  /** The rules that the call requests, evaluated as if the group had no others; null if it requests none. */
  readonly asked: (Omit<Requested, 'rules'> & { readonly rules: EvaluatedRule[] }) | null;
}

const detailSchema = z.object({
  eventName: z.string(),
  requestParameters: z.unknown(),
  responseElements: z.unknown(),
});
const eventSchema = z.object({ detail: detailSchema });

/** What the Lambda would do about an event, as far as the event and the given groups show. Pure. */
export function eventReportOf(
  policy: Policy,
  event: unknown,
  snapshots: readonly GroupSnapshot[],
  input: EvaluationInput,
): EventReport {
  const reading = readEvent(event, { remediationRole: names.remediationRole, tagKeys: tagKeysOf(policy) });
  const detail = eventSchema.safeParse(event).data?.detail;
  const { eventId, account, region, eventName, actor } = reading.call;
  const report = (kind: EventReport['reading'], why: string, asked: EventReport['asked'] = null) => ({
    ...{ eventId, eventName: eventName ?? detail?.eventName.slice(0, 128) ?? null, account, region },
    ...{ principal: actor.principal, tool: actor.tool, reading: kind, why, asked },
  });
  if (!matchesPattern(ingressPattern, event))
    return report('not-forwarded', 'the pattern of the forwarding rule does not match the event');
  if ('reason' in reading) return report(reading.kind, reading.reason);
  if (reading.kind === 'noted')
    return report('noted', 'it allows no traffic; who set a tag that the policy uses is recorded');
  const own = reading.own ? `; the caller used ${names.remediationRole}` : '';
  const why = `${subjectText(reading, snapshots)}${own}`;
  if (reading.tagChanges.length > 0 || !detail) return report('inspected', why);
  const snapshot = subjectOf(reading, snapshots);
  const { rules, ...requested } = requestedRules(detail, snapshot.group.id);
  if (rules.length + requested.unreadable === 0) return report('inspected', why);
  return report('inspected', why, {
    ...requested,
    rules: evaluateRules(policy, { ...snapshot, rules }, input),
  });
}

type Inspection = Extract<Reading, { kind: 'inspect' }> & { call: ApiCall };

/** Which groups the Lambda would read. */
function subjectText({ subject, call }: Inspection, snapshots: readonly GroupSnapshot[]): string {
  const { groupIds, groupName, prefixListId } = subject;
  if (groupIds.length > 0) return `names ${groupIds.join(', ')}`;
  const given = (test: (snapshot: GroupSnapshot) => boolean) => {
    const inPlace = snapshots.filter((each) => each.account === call.account && each.region === call.region);
    const ids = inPlace.filter(test).map(({ group }) => group.id);
    return ids.length > 0 ? `, of those given ${ids.join(', ')}` : '';
  };
  if (prefixListId !== null) {
    const users = given(({ rules }) => rules.some(({ source }) => source.text === prefixListId));
    return `names ${prefixListId}, and so every group that allows it${users}`;
  }
  if (groupName === null) return 'CloudTrail omitted the names, and so every group of the Region is read';
  const namesakes = given(({ group }) => !group.unread?.has('name') && group.name === groupName);
  return `names every group called ${groupName}${namesakes}`;
}

/** The group of the event without its rules: from the given groups, else as far as the event describes it. */
function subjectOf({ subject, call }: Inspection, snapshots: readonly GroupSnapshot[]): GroupSnapshot {
  const { account, region } = call;
  const [id = null] = subject.groupIds;
  const given = snapshots.find(({ group }) => group.id === id);
  const group = given?.group ?? knownGroup({ id, name: subject.groupName, vpcId: null });
  return { group, account, region, rules: [], egress: 0, notes: [] };
}

interface Requested {
  readonly rules: readonly SecurityGroupRule[];
  readonly from: 'request' | 'response';
  /** The number of requested rules that cannot be read. */
  readonly unreadable: number;
}

/** The ingress that AuthorizeSecurityGroupIngress and ModifySecurityGroupRules request; nothing for any other call. */
function requestedRules(detail: z.infer<typeof detailSchema>, groupId: string): Requested {
  const { eventName, requestParameters: request, responseElements: response } = detail;
  const authorizes = eventName === 'AuthorizeSecurityGroupIngress';
  const permissions = authorizes ? permissionsIn(request) : [];
  const edits = eventName === 'ModifySecurityGroupRules' ? editsIn(request) : [];
  // CloudTrail omits long requests; then the response has the created rules.
  const created = authorizes && permissions.length === 0 ? createdRulesIn(response) : [];
  const listed = [
    ...edits.map(({ id, rule }) => ({ ...rule, SecurityGroupRuleId: id, IsEgress: false })),
    ...created,
  ];
  const readPermissions = readable(permissionSchema, permissions);
  const readRules = readable(ruleSchema, listed);
  return {
    from: created.length > 0 ? 'response' : 'request',
    rules: [
      ...readPermissions.flatMap(openingsOf).map((opening) => ruleWithoutId(groupId, opening)),
      ...readRules.map((rule) => ruleOf({ ...rule, GroupId: groupId })).filter(({ egress }) => !egress),
    ],
    unreadable: permissions.length + listed.length - readPermissions.length - readRules.length,
  };
}

const readable = <Schema extends z.ZodType>(schema: Schema, items: readonly Fields[]) =>
  items.flatMap((item) => schema.safeParse(item).data ?? []);
