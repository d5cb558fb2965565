import { CloudTrail, type Trail } from '@aws-sdk/client-cloudtrail';
import { IAM } from '@aws-sdk/client-iam';
import type { Emulator, Interceptor } from '../gateway/call.ts';
import { clientsOf } from '../gateway/clients.ts';
import type { Organization } from '../organizations/api.ts';
import type { Graph } from '../organizations/graph.ts';
import { serviceLinkedRole, type TrailView, trailsInterceptor } from './api.ts';
import { recordsWrites } from './selectors.ts';

/** The trail that delivers an account's management write events in a Region, or why none does. */
export type Coverage = { trailArn: string } | { reason: string };

export interface Trails {
  /** Answers from a cache that any change through the gateway clears. */
  covering(accountId: string, region: string): Promise<Coverage>;
  interceptor: Interceptor;
  invalidate(): void;
}

const servicePrincipal = 'cloudtrail.amazonaws.com';

/** CloudTrail's trails as each account sees them. The emulator has the trails; this adds organization trails. */
export function trails(emulator: Emulator, organization: Organization): Trails {
  const cache = new Map<string, Promise<Coverage>>();
  const view: TrailView = {
    client: clientsOf(emulator, (settings) => new CloudTrail(settings)),
    async fromOrganization(accountId, region) {
      const graph = organization.graphOf(accountId);
      if (!graph || graph.managementAccountId === accountId) return { trails: [], reach: false };
      const trails = await organizationTrails(view, graph, region);
      return { trails, reach: trails.length > 0 && (await linked(emulator, accountId)) };
    },
    async linkAll(graph) {
      for (const id of graph.accounts.keys()) await link(emulator, id);
      view.invalidate();
    },
    async rename(accountId, RoleName) {
      const iam = new IAM(emulator.root(accountId, 'us-east-1'));
      await iam.deleteServiceLinkedRole({ RoleName });
      await link(emulator, accountId);
    },
    invalidate: () => cache.clear(),
  };
  organization.world.onJoin(async (graph, accountId) => {
    const found = await organizationTrails(view, graph, 'us-east-1');
    if (found.length > 0) await link(emulator, accountId);
    view.invalidate();
  });
  async function covering(accountId: string, region: string): Promise<Coverage> {
    const key = `${accountId}/${region}/${organization.graphOf(accountId)?.id}`;
    const found = cache.get(key) ?? cover(view, accountId, region);
    cache.set(key, found);
    found.catch(() => cache.delete(key)); // the caller gets the error; the next one asks again
    return found;
  }
  organization.world.covering = covering;
  return { invalidate: view.invalidate, interceptor: trailsInterceptor(view, organization), covering };
}

async function cover(view: TrailView, accountId: string, region: string): Promise<Coverage> {
  const own = await view.client(accountId, region).describeTrails({});
  const organization = await view.fromOrganization(accountId, region);
  const reasons: string[] = [];
  for (const trail of [...(own.trailList ?? []), ...organization.trails]) {
    const trailArn = trail.TrailARN ?? '';
    if (!organization.reach && organization.trails.includes(trail)) {
      reasons.push(`trail ${trailArn} does not reach ${accountId}: no role ${serviceLinkedRole} there`);
      continue;
    }
    const reader = view.client(trailArn.split(':')[4] ?? accountId, trail.HomeRegion ?? region);
    const status = await reader.getTrailStatus({ Name: trailArn });
    if (status.IsLogging !== true) {
      reasons.push(`trail ${trailArn} is not logging`);
      continue;
    }
    const selectors = await reader.getEventSelectors({ TrailName: trailArn });
    if (recordsWrites(selectors)) return { trailArn };
    reasons.push(`trail ${trailArn} does not record management write events`);
  }
  if (reasons.length > 0) return { reason: reasons.join('; ') };
  return { reason: `no trail covers account ${accountId} in ${region}` };
}

/** The organization's trails that record in a Region: multi-Region ones, and those with this home Region. */
async function organizationTrails(view: TrailView, graph: Graph, region: string): Promise<Trail[]> {
  const client = view.client(graph.managementAccountId, region);
  const answer = await client.describeTrails({});
  return (answer.trailList ?? []).filter((trail) => trail.IsOrganizationTrail === true);
}

async function linked(emulator: Emulator, accountId: string): Promise<boolean> {
  const iam = new IAM(emulator.root(accountId, 'us-east-1'));
  try {
    await iam.getRole({ RoleName: serviceLinkedRole });
    return true;
  } catch (error) {
    if ((error as Error).name === 'NoSuchEntityException') return false;
    throw error;
  } finally {
    iam.destroy();
  }
}

async function link(emulator: Emulator, accountId: string): Promise<void> {
  const iam = new IAM(emulator.root(accountId, 'us-east-1'));
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: servicePrincipal }, Action: 'sts:AssumeRole' }],
  };
  try {
    await iam.createRole({
      RoleName: serviceLinkedRole,
      Path: `/aws-service-role/${servicePrincipal}/`,
      AssumeRolePolicyDocument: JSON.stringify(trust),
    });
  } catch (error) {
    if ((error as Error).name !== 'EntityAlreadyExistsException') throw error;
  } finally {
    iam.destroy();
  }
}
