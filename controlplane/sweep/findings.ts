import { effectiveMode, type Policy } from '../../lambda/policy/parse.ts';
import { ingressKey } from '../../lambda/policy/rule.ts';
import type { SecurityGroup, SecurityGroupRule } from '../../lambda/policy/security-group.ts';
import type { CellReading, ObservedFinding } from '../store/findings/finding.ts';
import type { CellDetails } from './details.ts';
import { exposureOf, familiesOf } from './exposure.ts';
import type { Offence } from './offences.ts';
import { findingOwner } from './owner.ts';
import { asListedRule } from './rules.ts';

type Undecided = Extract<Offence, { verdict: 'undecided' }>;
type Forbidden = Exclude<Offence, { verdict: 'undecided' }>;

/** The rule as EC2 lists it by id, else as its group lists it, in the same form. */
function listedRule(rule: SecurityGroupRule, details: CellDetails): SecurityGroupRule {
  return details.ruleOf(rule) ?? asListedRule(rule);
}

/** A finding of a rule that the policy forbids, also where an exception allows it. Pure. */
export function findingOf(
  policy: Policy,
  group: SecurityGroup,
  offence: Forbidden,
  details: CellDetails,
): ObservedFinding {
  const known = details.ruleOf(offence.rule);
  const rule = listedRule(offence.rule, details);
  const { policyRule, why } = offence;
  const openedBy = details.openedBy(known?.id);
  return {
    groupId: group.id,
    groupName: group.name || null,
    vpcId: group.vpcId,
    ingress: ingressKey(rule),
    ruleId: known?.id ?? null,
    protocol: rule.protocol,
    fromPort: rule.fromPort,
    toPort: rule.toPort,
    source: rule.source.text,
    policyRule: policyRule.name,
    severity: policyRule.severity ?? null,
    mode: offence.verdict === 'violation' ? offence.mode : effectiveMode(policy, policyRule),
    why,
    exceptions: offence.verdict === 'excepted' ? offence.exceptions : [],
    exposure: exposureOf(familiesOf(rule.source, details.prefixLists), details.attachmentOf(group.id)),
    owner: findingOwner(policy, group, details.accountTags, openedBy),
    openedBy,
  };
}

/** A rule that could not be evaluated. Pure. */
export function undecidedOf(
  group: SecurityGroup,
  { rule, reason }: Undecided,
  details: CellDetails,
): CellReading['undecided'][number] {
  return {
    groupId: group.id,
    ruleId: details.ruleOf(rule)?.id ?? rule.id,
    ingress: ingressKey(listedRule(rule, details)),
    reason,
  };
}
