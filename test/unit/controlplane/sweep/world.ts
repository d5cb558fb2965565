import { randomUUID } from 'node:crypto';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { ObservedFinding } from '../../../../controlplane/store/findings/finding.ts';
import { recordReadings } from '../../../../controlplane/store/findings/readings.ts';
import { openStore } from '../../../../controlplane/store/store.ts';
import type { AskedAccount } from '../../../../controlplane/store/sweeps/sweep.ts';
import type { SweepContext } from '../../../../controlplane/sweep/context.ts';
import { againAfter } from '../../../../controlplane/sweep/fleet/retry.ts';
import { leaver } from '../../../../controlplane/sweep/hand-over/leave.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { silentMeter } from '../../../../controlplane/telemetry/metrics.ts';
import { parsePolicy, policyDigest } from '../../../../lambda/policy/parse.ts';

export const sweepPolicyText = `version: 1
rules: [{ name: world-ssh, match: { sources: { public: { ipv4WiderThan: 16, ipv6WiderThan: 32 } }, ports: { any: [22] } }, mode: revoke, severity: high }]`;

/** An offence in a group, as a reading lists it. */
export const offence = (groupId: string, change: Partial<ObservedFinding> = {}): ObservedFinding => ({
  ...{ groupId, groupName: 'web', vpcId: 'vpc-1', ingress: 'tcp 22 22 0.0.0.0/0', ruleId: `sgr-${groupId}` },
  ...{ protocol: 'tcp', fromPort: 22, toPort: 22, source: '0.0.0.0/0', policyRule: 'world-ssh' },
  ...{
    severity: 'high',
    mode: 'revoke',
    why: 'open to the world',
    exceptions: [],
    owner: null,
    openedBy: null,
  },
  exposure: { level: 'unattached', why: 'no interface has it', addresses: [] },
  ...change,
});

/** A sweep over a real store; accounts, Regions and groups are what a test says. */
export function sweepWorld(database: Database, { securityHub = false, parallel = 8, hours = 24 } = {}) {
  const store = openStore(database);
  const stopping = new AbortController();
  const state = {
    /** Regions by account. */
    regions: new Map<string, string[]>(),
    /** Offences by `account region`. */
    offences: new Map<string, ObservedFinding[]>(),
    /** Why the next reads of a cell fail, by `account region`. */
    failing: new Map<string, string[]>(),
    /** How often each cell was read. */
    reads: new Map<string, number>(),
    policy: parsePolicy(sweepPolicyText),
    /** Waited for within each read. */
    during: async (_cell: string): Promise<void> => undefined,
    underWay: new Map<string, number>(),
    most: { total: 0, account: 0 },
  };
  const count = (key: string, by: number) => {
    const now = (state.underWay.get(key) ?? 0) + by;
    state.underWay.set(key, now);
    return now;
  };
  const context: SweepContext = {
    ...{ store, database, meter: silentMeter, log: makeLogger('silent'), stopping: stopping.signal },
    settings: { sweepParallel: parallel, sweepHours: hours, securityHub },
    policy: async () => ({ policy: state.policy, digest: policyDigest(state.policy), accounts: {} }),
    async regionsOf(accountId) {
      const [failure] = state.failing.get(accountId)?.splice(0, 1) ?? [];
      if (failure) throw new Error(failure);
      return state.regions.get(accountId) ?? [];
    },
    explain: async (_, error) => (error as Error).message,
    async read({ accountId, region }, { digest }, { sweepId, readAt }) {
      const cell = `${accountId} ${region}`;
      state.reads.set(cell, (state.reads.get(cell) ?? 0) + 1);
      state.most.total = Math.max(state.most.total, count('', 1));
      state.most.account = Math.max(state.most.account, count(accountId, 1));
      await state.during(cell);
      count('', -1);
      count(accountId, -1);
      const [reason] = state.failing.get(cell)?.splice(0, 1) ?? [];
      if (reason) return { kind: 'not-checked', reason };
      const findings = state.offences.get(cell) ?? [];
      const reading = { sweepId, accountId, region, readAt, policyDigest: digest, groups: 3, findings };
      return { kind: 'read', reading: { ...reading, undecided: [] }, notes: [] };
    },
    // As the service does, and without its pauses.
    againAfter: (attempts, reason) => (againAfter(attempts, reason) === undefined ? undefined : 1),
    record: recordReadings,
    leave: leaver({ partition: 'aws', securityHub }),
  };
  /** Requests a sweep of the accounts that the state has. */
  const request = async (more: readonly AskedAccount[] = []) => {
    const id = randomUUID();
    const { digest: policyDigestNow } = await context.policy();
    const asked = { id, scope: {}, requestedBy: 'ada', policyDigest: policyDigestNow, spreadSeconds: 0 };
    const own = [...state.regions.keys()].map((accountId) => ({ accountId, reason: null }));
    await store.sweeps.request(asked, [...own, ...more]);
    return id;
  };
  const cells = async (id: string) => (await store.sweeps.cellPage(id, {}, { limit: 1000 })).items;
  return { state, store, context, request, cells, stop: () => stopping.abort() };
}

export type SweepWorld = ReturnType<typeof sweepWorld>;

/** So many accounts with the same Regions, and an offence in the first Region of every third. */
export function fillWorld({ state }: SweepWorld, accounts: number, regions = ['eu-west-1', 'us-east-1']) {
  for (let number = 1; number <= accounts; number += 1) {
    const id = String(300_000_000_000 + number);
    state.regions.set(id, regions);
    if (number % 3 === 0) state.offences.set(`${id} ${regions[0]}`, [offence(`sg-${id}`)]);
  }
}

/** Every finding with its state, as `account region group state`. */
export const findingsIn = async ({ query }: Pick<Database, 'query'>): Promise<string[]> =>
  (
    await query<{ finding: string }>(
      `select account_id || ' ' || region || ' ' || group_id || ' ' || state as finding from finding order by 1`,
    )
  ).map(({ finding }) => finding);
