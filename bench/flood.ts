import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  EC2Client,
  paginateDescribeSecurityGroupRules,
} from '@aws-sdk/client-ec2';
import pLimit from 'p-limit';
import { httpClient } from '../controlplane/cli/client/http.ts';
import type { RemediationRecord } from '../controlplane/store/remediations.ts';
import type { World } from '../sandbox/demo/world.ts';
import type { Figures } from './figures.ts';
import { measureOnboarding } from './onboarding.ts';

const atOnce = 20;
/** Milliseconds without any new record after which what is missing counts as lost. */
const patience = 90_000;
/** Between two reads of the log: each takes the newest thousand, and a machine of two cores writes fewer in the time. */
const grain = 5_000;

interface Cell {
  readonly ec2: EC2Client;
  readonly accountId: string;
  readonly region: string;
}

/** A rule open to the world in a group of its own; the group's id. */
async function open({ ec2 }: Cell, index: number): Promise<string> {
  const group = { GroupName: `flood-${index}-${Date.now()}`, Description: 'made by the bench' };
  const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand(group));
  const port = 1024 + (index % 60_000);
  const permission = {
    ...{ IpProtocol: 'tcp', FromPort: port, ToPort: port },
    IpRanges: [{ CidrIp: '0.0.0.0/0' }],
  };
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [permission] }));
  return GroupId;
}

/** Collects the groups that the audit log has a remediation of, until it has all or nothing new came for long. */
async function recorded({ controlPlane }: World, opened: ReadonlySet<string>, done: () => boolean) {
  const found = new Set<string>();
  let last = Date.now();
  while (!done() || found.size < opened.size) {
    const { remediations } = await controlPlane.get<{ remediations: RemediationRecord[] }>(
      '/v1/remediations?outcome=remediated&limit=1000',
    );
    const before = found.size;
    for (const { result } of remediations)
      if (opened.has(result.groupId ?? '')) found.add(result.groupId ?? '');
    if (found.size > before) last = Date.now();
    if (done() && Date.now() - last > patience) break;
    await new Promise((next) => setTimeout(next, grain));
  }
  return found;
}

/** How many of these groups still let the world in, by a listing of every cell. */
async function stillOpen(cells: readonly Cell[], opened: ReadonlySet<string>): Promise<number> {
  let count = 0;
  for (const { ec2 } of cells) {
    for await (const page of paginateDescribeSecurityGroupRules({ client: ec2 }, { MaxResults: 1000 }))
      for (const rule of page.SecurityGroupRules ?? [])
        if (!rule.IsEgress && rule.CidrIpv4 === '0.0.0.0/0' && opened.has(rule.GroupId ?? '')) count += 1;
  }
  return count;
}

/** Opens so many groups to the world as fast as they can be, and counts what is lost on the way. */
export async function measureFlood(
  world: World,
  figures: Figures,
  { events, progress }: { events: number; progress: (line: string) => void },
): Promise<void> {
  const { sandbox } = world;
  progress('onboarding …');
  const client = httpClient(world.controlPlane.url, world.controlPlane.token);
  await measureOnboarding(client, figuresOfNoInterest(), { quick: true, progress });
  const cells = sandbox.organization.members
    .filter(({ id }) => id !== sandbox.organization.untrailedAccountId)
    .flatMap(({ id, regions }) =>
      regions.map((region) => ({
        ec2: new EC2Client(sandbox.root(id, region)),
        accountId: id,
        region,
      })),
    );
  progress(`${events} rules opened in ${cells.length} cells, ${atOnce} at a time …`);
  const limit = pLimit(atOnce);
  const opened = new Set<string>();
  const started = Date.now();
  let done = false;
  const opening = Promise.all(
    Array.from({ length: events }, (_, index) =>
      limit(async () => {
        const cell = cells[index % cells.length];
        if (cell) opened.add(await open(cell, index));
      }),
    ),
  ).finally(() => {
    done = true;
  });
  const found = await Promise.all([recorded(world, opened, () => done), opening]).then(([groups]) => groups);
  const took = (Date.now() - started) / 1000;
  progress('looking at every group …');
  const left = await stillOpen(cells, opened);
  for (const { ec2 } of cells) ec2.destroy();
  figures.add('flood: events', events, 'count');
  figures.add('flood: left open', left, 'count', { atMost: 0 });
  figures.add('flood: not in the audit log', events - found.size, 'count', { atMost: 0 });
  figures.add('flood: first opened to last recorded', took, 's');
  figures.add('flood: events a second, opened to recorded', events / took, '1/s');
}

/** The onboarding's own figures are measured by its own part. */
function figuresOfNoInterest(): Figures {
  return { add: () => undefined, list: () => [] };
}
