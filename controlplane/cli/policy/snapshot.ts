import { formatRule, type Opening, ruleWithoutId } from '../../../lambda/policy/rule.ts';
import type { Fact, SecurityGroup, SecurityGroupRule } from '../../../lambda/policy/security-group.ts';

/** The account and Region of a group, or of input that names none. */
export interface Place {
  readonly account: string | undefined;
  readonly region: string | undefined;
}

/** A security group as the input describes it. */
export interface GroupSnapshot extends Place {
  readonly group: SecurityGroup;
  /** The ingress rules. */
  readonly rules: readonly SecurityGroupRule[];
  /** The number of egress rules, which are not evaluated. */
  readonly egress: number;
  /** What a reader must know about the source of this snapshot. */
  readonly notes: readonly string[];
}

type Maybe<Value> = Value | null | undefined;
type Known = Record<'id' | 'name' | 'vpcId', Maybe<string>>;

/** A group of which this much is known. Conditions on the other facts are in doubt. */
export function knownGroup({ id, name, vpcId }: Known): SecurityGroup & { unread: ReadonlySet<Fact> } {
  const facts = { id, name, vpc: vpcId };
  const unread = (['id', 'name', 'vpc'] as const).filter((fact) => !facts[fact]);
  return { id: id || 'the group', name: name ?? '', vpcId: vpcId || null, unread: new Set(unread) };
}

/** A group of which nothing is known but its only rule. */
export function groupWithOneRule(opening: Opening, { account, region }: Place): GroupSnapshot {
  const group = knownGroup({ id: null, name: null, vpcId: null });
  const rules = [{ ...ruleWithoutId(group.id, opening), id: formatRule(opening) }];
  return { group, account, region, rules, egress: 0, notes: [] };
}

/** What is not known of a group, in words. */
export function notKnownOf({ group, account, region }: GroupSnapshot): string[] {
  const { unread = new Set() } = group;
  return [
    ...(unread.has('id') ? ['its id'] : []),
    ...(unread.has('name') ? ['its name'] : []),
    ...(unread.has('vpc') ? ['its VPC'] : []),
    ...(group.tags ? [] : ['its tags']),
    ...(account ? [] : ['its account (give --account)']),
    ...(region ? [] : ['its Region (give --region)']),
  ];
}
