import { canaryPolicy } from '../../../lambda/contract/canary.ts';
import type { RemediationResult, ResultFinding } from '../../../lambda/contract/result.ts';
import { ingressKey } from '../../../lambda/policy/rule.ts';
import type { Mode } from '../../../lambda/policy/schema/policy.ts';
import type { CellReading, ObservedFinding } from './finding.ts';
import { findingId } from './identity.ts';

/** What one source says of one finding at one time. Times are ISO 8601. In the merge statement the names are in snake case. */
export interface Observation extends Omit<ObservedFinding, 'exposure'> {
  readonly id: string;
  readonly policyDigest: string;
  /** Null where the source did not read it. */
  readonly exposure: ObservedFinding['exposure'] | null;
  /** Whether the source knows that there is no other owner; an event reads the tags of the group alone. */
  readonly ownerRead: boolean;
  /** When it was read as present, or else null. */
  readonly seenAt: string | null;
  readonly seenState: 'open' | 'excepted' | null;
  /** When its rule was revoked, or was found deleted by a revoke; else null. */
  readonly goneAt: string | null;
  readonly goneRuleId: string | null;
  /** The newest complete reading that did not list it and is already recorded. */
  readonly absentAt?: string | null;
}

/** What a complete reading of a cell lists, in the order of the reading; one ingress may be listed twice. Pure. */
export function observationsOfReading(reading: CellReading): Observation[] {
  const { accountId, region, policyDigest } = reading;
  const seenAt = reading.readAt.toISOString();
  return reading.findings.map((finding) => ({
    ...finding,
    id: findingId({ accountId, region, groupId: finding.groupId, ingress: finding.ingress }),
    policyDigest,
    ownerRead: true,
    seenAt,
    seenState: finding.exceptions.length > 0 ? 'excepted' : 'open',
    ...{ goneAt: null, goneRuleId: null },
  }));
}

const goneActions: readonly ResultFinding['action'][] = ['revoked', 'narrowed', 'already-gone'];

/** The findings of a result that its own policy rule of a canary did not make. */
const realFindings = ({ findings }: RemediationResult): ResultFinding[] =>
  findings.filter(({ policyRule }) => policyRule !== canaryPolicy.rules[0]?.name);

const modeOf = ({ action }: ResultFinding, { mode }: RemediationResult): Mode => {
  if (action === 'observed' || action === 'notified') return action === 'observed' ? 'observe' : 'notify';
  return mode ?? 'revoke';
};

/**
 * What an event's result says of the findings that it lists. It was read at the latest when the result was made; a
 * revoke took effect when the result says. Pure.
 */
export function observationsOfResult(result: RemediationResult): Observation[] {
  const { account: accountId, region, groupId, owner, policyDigest } = result;
  if (groupId === null) return [];
  return realFindings(result).map((finding) => {
    const { ruleId, protocol, fromPort, toPort, source } = finding;
    const ingress = ingressKey({ protocol, fromPort, toPort, source: { text: source } });
    const isGone = goneActions.includes(finding.action);
    return {
      id: findingId({ accountId, region, groupId, ingress }),
      ...{ groupId, ingress, protocol, fromPort, toPort, source, ruleId, policyDigest },
      ...{ groupName: result.groupName, vpcId: result.vpcId, policyRule: finding.policyRule },
      ...{ severity: finding.severity, mode: modeOf(finding, result), why: finding.why, exceptions: [] },
      exposure: null,
      owner: owner && { by: 'group-tag', tag: owner.tag, value: owner.value },
      ...{ ownerRead: false, openedBy: null },
      seenAt: isGone ? null : result.time,
      seenState: isGone ? null : 'open',
      goneAt: isGone ? (result.timeline.revokedAt ?? result.time) : null,
      goneRuleId: isGone ? ruleId : null,
    };
  });
}

/**
 * When an event's result read its whole group without an offence: before this time nothing that it does not list was
 * there. Undefined where the result does not prove it. Pure.
 */
export function cleanAt({
  outcome,
  groupId,
  parts,
  omitted,
  undecided,
  disagreements = [],
  timeline,
}: RemediationResult): string | undefined {
  const sawAll = outcome === 'clean' || outcome === 'group-gone' || outcome === 'rule-gone';
  const isWhole = parts === undefined && omitted === 0;
  const isCertain = undecided.length === 0 && disagreements.length === 0;
  // The reading began after the event was received.
  return groupId !== null && sawAll && isWhole && isCertain ? timeline.receivedAt : undefined;
}

const later = (one: string | null, other: string | null): boolean =>
  other !== null && (one === null || Date.parse(other) > Date.parse(one));

/** Whether another reading of the same time is stronger: open before excepted, then by rule id. */
const isStronger = (one: Observation, other: Observation): boolean => {
  if (one.seenState !== other.seenState) return other.seenState === 'open';
  return (other.ruleId ?? '') > (one.ruleId ?? '');
};

/** One observation for each finding: a group may have had two rules of the same content. Pure. */
export function oneForEach(observations: readonly Observation[]): Observation[] {
  const merged = new Map<string, Observation>();
  for (const each of observations) {
    const known = merged.get(each.id);
    if (!known) {
      merged.set(each.id, each);
      continue;
    }
    const bySeen =
      later(known.seenAt, each.seenAt) || (known.seenAt === each.seenAt && isStronger(known, each));
    const lead = bySeen && each.seenAt !== null ? each : known;
    const gone =
      later(known.goneAt, each.goneAt) ||
      (known.goneAt === each.goneAt && (each.goneRuleId ?? '') > (known.goneRuleId ?? ''))
        ? each
        : known;
    merged.set(each.id, {
      ...(lead.seenAt === null ? gone : lead),
      ...{ seenAt: lead.seenAt, seenState: lead.seenState },
      ...{ goneAt: gone.goneAt, goneRuleId: gone.goneRuleId },
    });
  }
  return [...merged.values()];
}
