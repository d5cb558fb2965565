import type { Clock } from '../aws/clock.ts';
import type { Member } from '../aws/cloud.ts';
import { readGroup } from '../aws/security-groups.ts';
import type { RemediationResult } from '../contract/result.ts';
import type { RuleEdit, TagChange } from '../event/parameters.ts';
import type { Expected, Task } from '../event/task.ts';
import { isSameSource } from '../policy/rule.ts';
import { protocolName } from '../policy/schema/protocol.ts';
import type { SecurityGroup, SecurityGroupRule } from '../policy/security-group.ts';

export type Disagreement = NonNullable<RemediationResult['disagreements']>[number];

interface Snapshot {
  group: SecurityGroup;
  rules: SecurityGroupRule[];
}

/** EC2's answers can be older than a write. The group is read again after each of these waits, 5 s in total. */
const waits = [250, 500, 1_000, 1_500, 1_750];

/**
 * The group once it shows what the event says, or as it is after 5 seconds, with the differences. `closedRules` returns
 * the rules that were closed before, which are not waited for.
 */
export async function readSettled(
  member: Member,
  { groupId, expected }: Task,
  clock: Clock,
  closedRules: () => Promise<ReadonlySet<string>>,
): Promise<Snapshot & { disagreements: Disagreement[] }> {
  let snapshot = await readGroup(member, groupId);
  let disagreements = disagreementsOf(expected, snapshot);
  if (disagreements.length === 0) return { ...snapshot, disagreements };
  const closed = await closedRules();
  const awaited = withoutRules(expected, closed);
  disagreements = disagreementsOf(awaited, snapshot);
  for (const wait of waits) {
    if (disagreements.length === 0) break;
    await clock.sleep(wait);
    snapshot = await readGroup(member, groupId);
    disagreements = disagreementsOf(awaited, snapshot);
  }
  return { ...snapshot, disagreements };
}

function withoutRules({ ruleIds, edits, tags }: Expected, closed: ReadonlySet<string>): Expected {
  return {
    ruleIds: ruleIds.filter((id) => !closed.has(id)),
    edits: edits.filter(({ ruleId }) => !closed.has(ruleId)),
    tags,
  };
}

/** The differences between the group and the event. Pure. */
export function disagreementsOf(
  { ruleIds, edits, tags }: Expected,
  { group, rules }: Snapshot,
): Disagreement[] {
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const edited = new Map(edits.map((edit) => [edit.ruleId, edit]));
  const ofRules = [...new Set([...ruleIds, ...edited.keys()])].flatMap((id): Disagreement[] => {
    const [rule, edit] = [byId.get(id), edited.get(id)];
    if (rule && (!edit || shows(rule, edit))) return [];
    return [
      { of: id, event: edit ? formatEdit(edit) : 'there', read: rule ? formatEdit(inWords(rule)) : null },
    ];
  });
  const ofTags = tags.flatMap((change): Disagreement[] => {
    const read = group.tags?.[change.key] ?? null;
    return isTagged(read, change) ? [] : [{ of: `tag ${change.key}`, event: change.value, read }];
  });
  return [...ofRules, ...ofTags];
}

function isTagged(read: string | null, { value, ofValue }: TagChange): boolean {
  if (value !== null || ofValue === undefined) return read === value;
  return read !== ofValue;
}

const inWords = ({ protocol, fromPort, toPort, source }: SecurityGroupRule) => ({
  protocol,
  ...(fromPort !== null && { fromPort }),
  ...(toPort !== null && { toPort }),
  source: source.text,
});

function formatEdit({ protocol, fromPort, toPort, source }: Omit<RuleEdit, 'ruleId'>): string {
  return [protocol, fromPort, toPort, source].filter((part) => part !== undefined).join(' ');
}

/** Whether a rule matches an edit. EC2 lists no ports for every protocol, and its own spelling of addresses. */
function shows(rule: SecurityGroupRule, { protocol, fromPort, toPort, source }: RuleEdit): boolean {
  const same = (said: unknown, read: unknown) => said === undefined || said === read;
  const ports = rule.protocol === '-1' || (same(fromPort, rule.fromPort) && same(toPort, rule.toPort));
  return (
    (protocol === undefined || protocolName(protocol) === protocolName(rule.protocol)) &&
    ports &&
    (source === undefined || isSameSource(source, rule.source.text))
  );
}
