import type { ControlPolicy, Graph } from './graph.ts';

export const fullAccessId = 'p-FullAWSAccess';

/** Attached to the root, and to every unit and account, until a caller detaches it. */
export const fullAccess: ControlPolicy = {
  id: fullAccessId,
  name: 'FullAWSAccess',
  description: 'Allows access to every operation',
  content: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
};

const untouched: ReadonlySet<string> = new Set([fullAccessId]);

/** All of them by id. */
export const policiesOf = (graph: Graph): Map<string, ControlPolicy> =>
  new Map([[fullAccessId, fullAccess], ...graph.policies]);

/** The ids of the policies attached to the root, a unit or an account itself. */
export const attachedTo = (graph: Graph, targetId: string): ReadonlySet<string> =>
  graph.attachments.get(targetId) ?? untouched;

/** A policy as the emulator enforces it. `arn` is what AWS names in a refusal. */
export interface EnforcedPolicy {
  arn: string;
  content: string;
}

/**
 * The policies that apply to each member, one list for the root, each unit on the way and the account: every list has
 * to allow a call, and none may deny it. The management account has none, and members with FullAWSAccess alone are left
 * out. Source: "SCP evaluation", AWS Organizations user guide.
 */
export function enforced(graph: Graph): Record<string, EnforcedPolicy[][]> {
  const known = policiesOf(graph);
  const listOf = (targetId: string): EnforcedPolicy[] =>
    [...attachedTo(graph, targetId)].flatMap((id) => {
      const policy = known.get(id);
      const arn = `arn:aws:organizations::${graph.managementAccountId}:policy/${graph.id}/service_control_policy/${id}`;
      return policy ? [{ arn, content: policy.content }] : [];
    });
  const levels: Record<string, EnforcedPolicy[][]> = {};
  for (const { id, parentId } of graph.accounts.values()) {
    if (id === graph.managementAccountId) continue;
    const way = [id];
    for (let at = graph.units.get(parentId); at; at = graph.units.get(at.parentId ?? '')) way.unshift(at.id);
    if (way.some((target) => graph.attachments.has(target))) levels[id] = way.map(listOf);
  }
  return levels;
}
