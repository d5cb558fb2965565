import { EC2Client, RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import pLimit from 'p-limit';
import type { RemediationRecord } from '../controlplane/store/remediations.ts';
import { type OpenedGroup, openToTheWorld } from '../sandbox/demo/security-group.ts';
import type { World } from '../sandbox/demo/world.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { type Figures, median, percentile } from './figures.ts';

/** How many rules are opened at once in the main measurement. */
const usual = 4;
/** Milliseconds after which an event, or its record, counts as lost. */
const patience = 60_000;
/** Milliseconds between two reads of a group's rules: the grain of what is measured. */
const grain = 20;

const pause = () => new Promise((next) => setTimeout(next, grain));

interface Cell {
  readonly accountId: string;
  readonly region: string;
}

/** Milliseconds from the return of the call that opened the rule to the read that finds it gone; undefined: never. */
async function goneAfter(group: OpenedGroup): Promise<number | undefined> {
  while (Date.now() - group.openedAt < patience) {
    if (!(await group.ruleIds()).includes(group.ruleId)) return Date.now() - group.openedAt;
    await pause();
  }
  return undefined;
}

interface Opened {
  readonly group: OpenedGroup;
  readonly took: number | undefined;
}

/** Opens one group an event, cell after cell in turn; `then` is what is done in addition to waiting. */
async function openAndWait(
  sandbox: Sandbox,
  cells: readonly Cell[],
  { events, atOnce }: { events: number; atOnce: number },
  then: (group: OpenedGroup, at: Cell) => Promise<unknown>,
): Promise<Opened[]> {
  const limit = pLimit(atOnce);
  const one = async (index: number): Promise<Opened> => {
    const at = cells[index % cells.length];
    if (!at) throw new Error('there is no cell to open a rule in');
    const group = await openToTheWorld(sandbox, { ...at, port: 1024 + index });
    await then(group, at);
    return { group, took: await goneAfter(group) };
  };
  return Promise.all(Array.from({ length: events }, (_, index) => limit(() => one(index))));
}

/** The audit log's records of these groups, when it holds them all or patience ends. */
async function recordsOf(world: World, groupIds: ReadonlySet<string>): Promise<RemediationRecord[]> {
  const giveUp = Date.now() + patience;
  for (;;) {
    const { remediations } = await world.controlPlane.get<{ remediations: RemediationRecord[] }>(
      '/v1/remediations?outcome=remediated&limit=1000',
    );
    const found = remediations.filter(({ result }) => groupIds.has(result.groupId ?? ''));
    if (found.length >= groupIds.size || Date.now() > giveUp) return found;
    await pause();
  }
}

/** What the remediation function says of its own time, in milliseconds; CloudTrail's eventTime has whole seconds. */
function ownTimes(records: readonly RemediationRecord[]) {
  const times = records.flatMap(({ result: { timeline } }) => {
    const { eventTime, receivedAt, revokedAt } = timeline;
    if (!eventTime || !revokedAt) return [];
    const end = Date.parse(revokedAt);
    return [{ sinceEvent: end - Date.parse(eventTime), sinceReceived: end - Date.parse(receivedAt) }];
  });
  return {
    sinceEvent: times.map(({ sinceEvent }) => sinceEvent),
    sinceReceived: times.map(({ sinceReceived }) => sinceReceived),
  };
}

/** The same opening, closed by a direct call in an account that no event leaves: what the measuring itself costs. */
async function baseline({ sandbox }: World, events: number): Promise<number[]> {
  const accountId = sandbox.organization.untrailedAccountId;
  const cells = sandbox.organization.members
    .filter(({ id }) => id === accountId)
    .flatMap(({ regions }) => regions.map((region) => ({ accountId, region })));
  const clients = new Map(
    cells.map(({ region }) => [region, new EC2Client(sandbox.root(accountId, region))]),
  );
  const opened = await openAndWait(
    sandbox,
    cells,
    { events, atOnce: usual },
    async ({ groupId, ruleId }, { region }) =>
      clients
        .get(region)
        ?.send(new RevokeSecurityGroupIngressCommand({ GroupId: groupId, SecurityGroupRuleIds: [ruleId] })),
  );
  for (const client of clients.values()) client.destroy();
  return opened.map(({ took, group }) => {
    if (took === undefined) throw new Error(`${group.ruleId} is still there after its revoke`);
    return took;
  });
}

function coveredCells({ sandbox: { organization } }: World): Cell[] {
  return organization.members
    .filter(({ id }) => id !== organization.untrailedAccountId)
    .flatMap(({ id, regions }) => regions.map((region) => ({ accountId: id, region })));
}

/** Opens groups to the world in every covered cell in turn and measures how long each stays open. */
export async function measureRemediation(
  world: World,
  figures: Figures,
  { events, progress }: { events: number; progress: (line: string) => void },
): Promise<void> {
  const cells = coveredCells(world);
  progress(`a bare baseline: ${events} rules opened and revoked by direct calls …`);
  const bare = await baseline(world, events);
  progress(`${events} rules opened in ${cells.length} cells, ${usual} at a time …`);
  const opened = await openAndWait(world.sandbox, cells, { events, atOnce: usual }, async () => undefined);
  const closed = opened.flatMap(({ took }) => (took === undefined ? [] : [took]));
  progress('the audit log …');
  const records = await recordsOf(world, new Set(opened.map(({ group }) => group.groupId)));
  const own = ownTimes(records);
  figures.add('event to revoked: events', events, 'count');
  figures.add('event to revoked: never revoked', events - closed.length, 'count', { atMost: 0 });
  figures.add('event to revoked: not in the audit log', events - records.length, 'count', { atMost: 0 });
  figures.add('event to revoked, median', median(closed), 'ms');
  figures.add('event to revoked, 99th percentile', percentile(closed, 99), 'ms');
  figures.add('event to revoked, maximum', Math.max(...closed), 'ms');
  figures.add('bare baseline, median', median(bare), 'ms');
  figures.add('bare baseline, 99th percentile', percentile(bare, 99), 'ms');
  figures.add('event to revoked / bare baseline, medians', median(closed) / median(bare), 'ratio');
  figures.add('function: eventTime to revokedAt, median', median(own.sinceEvent), 'ms');
  figures.add('function: eventTime to revokedAt, 99th percentile', percentile(own.sinceEvent, 99), 'ms');
  figures.add('function: receivedAt to revokedAt, median', median(own.sinceReceived), 'ms');
  figures.add('function: receivedAt to revokedAt, 99th percentile', percentile(own.sinceReceived, 99), 'ms');
}

/** The time from event to revoked when 1, 10 and 100 rules are opened at once; `events` is the least of each. */
export async function measureBursts(
  world: World,
  figures: Figures,
  { events, progress }: { events: number; progress: (line: string) => void },
): Promise<void> {
  const cells = coveredCells(world);
  for (const atOnce of [1, 10, 100]) await measureAtOnce(world, figures, { cells, atOnce, events, progress });
}

async function measureAtOnce(
  { sandbox }: World,
  figures: Figures,
  {
    cells,
    atOnce,
    events,
    progress,
  }: { cells: readonly Cell[]; atOnce: number; events: number; progress: (line: string) => void },
): Promise<void> {
  const count = Math.max(atOnce, events);
  progress(`${count} rules, ${atOnce} at once …`);
  const opened = await openAndWait(sandbox, cells, { events: count, atOnce }, async () => undefined);
  const closed = opened.flatMap(({ took }) => (took === undefined ? [] : [took]));
  const name = `event to revoked, ${atOnce} at once`;
  figures.add(`${name}: never revoked`, opened.length - closed.length, 'count', { atMost: 0 });
  figures.add(`${name}, median`, median(closed), 'ms');
  figures.add(`${name}, maximum`, Math.max(...closed), 'ms');
}
