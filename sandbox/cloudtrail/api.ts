import type { CloudTrail, Trail } from '@aws-sdk/client-cloudtrail';
import type { Answer, Call, Forward, Interceptor } from '../gateway/call.ts';
import { jsonAnswer, Refusal, refusalAnswer, refusedByEmulator } from '../gateway/refusal.ts';
import type { Organization } from '../organizations/api.ts';
import type { Graph } from '../organizations/graph.ts';

export const serviceLinkedRole = 'AWSServiceRoleForCloudTrail';

export interface TrailView {
  client(accountId: string, region: string): CloudTrail;
  /**
   * Organization trails of a member in a Region, and whether they reach it: CloudTrail's service-linked role must exist
   * there.
   */
  fromOrganization(accountId: string, region: string): Promise<{ trails: Trail[]; reach: boolean }>;
  /** Creates CloudTrail's service-linked role in every account of the organization that lacks it. */
  linkAll(graph: Graph): Promise<void>;
  /** Replaces a role by the service-linked one. */
  rename(accountId: string, roleName: string): Promise<void>;
  invalidate(): void;
}

const reads = /^(Describe|Get|List|Lookup)/;
const roleWrites = new Set(['CreateRole', 'DeleteRole', 'DeleteServiceLinkedRole']);

/**
 * Shows members the trails of their organization, sets up what an organization trail needs, and sees every change of a
 * trail.
 */
export function trailsInterceptor(view: TrailView, organization: Organization): Interceptor {
  return {
    name: 'trails',
    matches: (call) =>
      call.service === 'cloudtrail' ||
      (call.service === 'iam' &&
        ((roleWrites.has(call.action) && call.parameters.RoleName === serviceLinkedRole) ||
          (call.action === 'CreateServiceLinkedRole' &&
            call.parameters.AWSServiceName === 'cloudtrail.amazonaws.com'))),
    async handle(call, forward) {
      if (call.service === 'cloudtrail' && reads.test(call.action)) return read(view, call, forward);
      const refusal = organizationTrailRefusal(organization, call);
      if (refusal) return refusalAnswer(call, refusal);
      const answer = await forward();
      view.invalidate();
      const graph = organization.graphOf(call.accountId);
      if (answer.status !== 200) return answer;
      if (graph && makesOrganizationTrail(call)) await view.linkAll(graph);
      return call.action === 'CreateServiceLinkedRole' ? renamed(view, call, answer) : answer;
    },
  };
}

function makesOrganizationTrail(call: Call): boolean {
  return (
    (call.action === 'CreateTrail' || call.action === 'UpdateTrail') &&
    call.parameters.IsOrganizationTrail === true
  );
}

/**
 * The emulator's CreateServiceLinkedRole spells CloudTrail's role `AWSServiceRoleForCloudtrail`; this gives it AWS's
 * name.
 */
async function renamed(view: TrailView, call: Call, answer: Answer): Promise<Answer> {
  await view.rename(call.accountId, misspelt);
  return { ...answer, body: Buffer.from(answer.body.toString().replaceAll(misspelt, serviceLinkedRole)) };
}

const misspelt = 'AWSServiceRoleForCloudtrail';

/** Why the caller may not create an organization trail. */
function organizationTrailRefusal(organization: Organization, call: Call): Refusal | undefined {
  if (!makesOrganizationTrail(call)) return undefined;
  const graph = organization.graphOf(call.accountId);
  if (!graph) {
    return new Refusal('OrganizationsNotInUseException', 'The account is not a member of an organization.');
  }
  if (graph.managementAccountId !== call.accountId) {
    return new Refusal(
      'NotOrganizationMasterAccountException',
      'Only the management account can make an organization trail.',
    );
  }
  if (!graph.serviceAccess.has('cloudtrail.amazonaws.com')) {
    return new Refusal(
      'CloudTrailAccessNotEnabledException',
      'Trusted access between CloudTrail and Organizations is not enabled.',
    );
  }
  return undefined;
}

async function read(view: TrailView, call: Call, forward: Forward): Promise<Answer> {
  if (call.action === 'DescribeTrails' || call.action === 'ListTrails') {
    return withShadows(view, call, await forward());
  }
  const name = String(call.parameters.Name ?? call.parameters.TrailName ?? '');
  const owner = name.startsWith('arn:') ? name.split(':')[4] : call.accountId;
  if (owner === call.accountId || !(call.action in readers || call.action === 'GetEventSelectors'))
    return forward();
  const refused = await refusedByEmulator(forward);
  if (refused) return refused;
  const shadow = (await shadows(view, call)).find((one) => one.TrailARN === name);
  const reader = readers[call.action as keyof typeof readers];
  if (!shadow || !reader) {
    const message = `Unknown trail: ${name} for the user: ${call.accountId}`;
    return refusalAnswer(call, new Refusal('TrailNotFoundException', message, {}, 404));
  }
  return jsonAnswer(200, await reader(view, shadow));
}

/**
 * The calls by which a member may read an organization trail, by its ARN. GetEventSelectors is none of them: AWS does
 * not document that a member may call it, and it "will fail for an organization trail from a different account".
 * Source: the review of cloud-custodian/cloud-custodian#6394; the error text is that of
 * turbot/steampipe-plugin-aws#577.
 */
const readers = {
  GetTrail: (view: TrailView, trail: Trail) => plain(owner(view, trail).getTrail({ Name: trail.TrailARN })),
  GetTrailStatus: (view: TrailView, trail: Trail) =>
    plain(owner(view, trail).getTrailStatus({ Name: trail.TrailARN })),
};

/** The organization trails that the caller sees. */
async function shadows(view: TrailView, call: Call): Promise<Trail[]> {
  const { trails, reach } = await view.fromOrganization(call.accountId, call.region);
  return reach ? trails : [];
}

function owner(view: TrailView, trail: Trail) {
  return view.client(trail.TrailARN?.split(':')[4] ?? '', trail.HomeRegion ?? '');
}

/** The answer in JSON 1.1, where times are seconds since the epoch. */
async function plain(answer: Promise<object>): Promise<object> {
  const members = Object.entries(await answer).filter(([name]) => name !== '$metadata');
  return Object.fromEntries(
    members.map(([name, value]) => [name, value instanceof Date ? value.getTime() / 1000 : value]),
  );
}

async function withShadows(view: TrailView, call: Call, answer: Answer): Promise<Answer> {
  if (answer.status !== 200 || call.parameters.includeShadowTrails === false) return answer;
  const wanted = call.parameters.trailNameList;
  const seen = (await shadows(view, call)).filter(
    (trail) => !Array.isArray(wanted) || wanted.length === 0 || wanted.includes(trail.TrailARN),
  );
  const body = JSON.parse(answer.body.toString()) as { trailList?: object[]; Trails?: object[] };
  if (call.action === 'DescribeTrails')
    return jsonAnswer(200, { ...body, trailList: [...(body.trailList ?? []), ...seen] });
  const summaries = seen.map(({ TrailARN, Name, HomeRegion }) => ({ TrailARN, Name, HomeRegion }));
  return jsonAnswer(200, { ...body, Trails: [...(body.Trails ?? []), ...summaries] });
}
