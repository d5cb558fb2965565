import { createHash } from 'node:crypto';

/** The parts of a finding's identity. `ingress` is the `ingressKey` of lambda/policy/rule.ts. */
export interface FindingIdentity {
  readonly accountId: string;
  readonly region: string;
  readonly groupId: string;
  readonly ingress: string;
}

/** The id of a finding: the same for the same ingress of a group, also when its rule is deleted and created again. Pure. */
export function findingId({ accountId, region, groupId, ingress }: FindingIdentity): string {
  const identity = JSON.stringify([accountId, region, groupId, ingress]);
  return `f-${createHash('sha256').update(identity).digest('hex').slice(0, 20)}`;
}
