import { randomUUID } from 'node:crypto';
import { createOffboarding, type OffboardingContext } from '../../controlplane/offboarding/offboarding.ts';
import type { Organization } from '../../controlplane/organization/listing.ts';
import type { Operation } from '../../controlplane/pulumi/operation.ts';
import type { Lease } from '../../controlplane/queue/leases.ts';
import type { AccountState } from '../../controlplane/stacks/account.ts';
import type { StackKey } from '../../controlplane/stacks/key.ts';
import type { Database } from '../../controlplane/store/database/database.ts';
import { openStore } from '../../controlplane/store/store.ts';
import { makeLogger } from '../../controlplane/telemetry/log.ts';
import { silentMeter } from '../../controlplane/telemetry/metrics.ts';

export const hub = '222222222222';
const refusal = (name: string) => Object.assign(new Error(`${name}: said AWS`), { name });
const client = (answer: () => object) => ({ send: async () => answer() });

/** An organization, its stacks in an engine, and what AWS says of its accounts; a test changes them. */
export function createOffboardingWorld(database: Database) {
  const state = {
    accounts: new Map<string, AccountState>(),
    units: new Map<string, string>(),
    emptyUnits: new Set(['ou-root-old']),
    /** Deployments that the engine has, and resources that are in AWS, by stack key. */
    engine: new Map<string, string>(),
    resources: new Set<string>(),
    refusing: new Map<string, string>(),
    disabled: new Set<string>(),
    unlisted: new Set<string>(),
    broken: new Set<string>(),
    brokenBy: 'it broke',
    destroyed: [] as string[],
    enqueued: [] as string[],
    /** The priorities of the enqueued keys, where they have one. */
    urgency: [] as number[],
    published: [] as object[],
    /** What the log warned of. */
    warned: [] as string[],
    now: new Date(),
    /** How the workers' configurations differ, if they do. */
    mismatch: undefined as string | undefined,
  };
  const now = () => state.now;
  const store = { ...openStore(database), now: async () => now() };
  const regions = ['us-east-1', 'eu-west-1', 'af-south-1'];
  const describe = (id: string) => {
    const name = state.refusing.get(id) ?? state.refusing.get('every account');
    if (name) throw refusal(name);
    const Regions = regions
      .filter((region) => !state.unlisted.has(`${id}/${region}`))
      .map((RegionName) => ({
        RegionName,
        OptInStatus: state.disabled.has(`${id}/${RegionName}`) ? 'not-opted-in' : 'opted-in',
      }));
    return { Regions };
  };
  const parts = {
    store,
    engine: {
      async operate({ stack: { key } }: Operation, _signal: AbortSignal) {
        if (state.broken.has(key)) throw new Error(`${key}: ${state.brokenBy}`);
        state.destroyed.push(key);
        state.resources.delete(key);
        state.engine.delete(key);
        return { changes: [], drift: [], unchanged: 0, errors: [] };
      },
      exportState: async (key: StackKey) => state.engine.get(key),
      forget: async (key: StackKey) => void state.engine.delete(key),
    },
    aws: {
      caller: async () => ({ accountId: '111111111111', partition: 'aws' }),
      accessRoleArn: async (id: string) => `arn:aws:iam::${id}:role/Access`,
      ec2: async (id: string) => client(() => describe(id)) as never,
      sns: async () =>
        ({ send: async ({ input }: { input: object }) => void state.published.push(input) }) as never,
    },
    settings: {
      ...{ hub: { accountId: hub, region: 'eu-west-1' }, regions: undefined, layout: 'region' },
      ...{
        organizationalUnits: undefined,
        exclude: [],
        shrinkPercent: 10,
        deleteLimit: 10,
        alarmTopicArn: undefined,
        deployerRoleArn: undefined,
        externalId: undefined,
      },
    } as OffboardingContext['settings'],
    log: Object.assign(makeLogger('silent'), {
      warn: ({ error }: { error?: string }, message: string) => void state.warned.push(error ?? message),
    }),
    meter: silentMeter,
    async enqueue(keys: readonly string[], priority = 0) {
      state.enqueued.push(...keys);
      if (priority > 0) state.urgency.push(priority);
    },
    now,
    configurationMismatch: async () => state.mismatch,
  } satisfies OffboardingContext;

  const organization = (): Organization => ({
    ...{ id: 'o-portcullis', managementAccountId: '111111111111' },
    units: ['r-root', ...new Set([...state.emptyUnits, ...state.units.values()])],
    accounts: [...state.accounts].map(([id, accountState]) => {
      const unit = state.units.get(id);
      const parents = unit ? ['r-root', unit] : ['r-root'];
      return {
        id,
        name: `n${id}`,
        state: accountState,
        joinedAt: undefined,
        parents,
        unitNames: [],
        path: '',
      };
    }),
  });
  /** Records what the organization is now, and considers it, so much later. */
  const list = async (settings: Partial<OffboardingContext['settings']> = {}, hours = 1) => {
    state.now = new Date(state.now.getTime() + hours * 3_600_000);
    const listed = organization();
    await store.accounts.seen(listed.accounts, state.now);
    await plane(settings).note(listed);
    return plane(settings).consider({ organization: listed, readAt: state.now });
  };
  /** What a person is asked about changed settings. */
  const asked = async () =>
    (await store.confirmations.list()).find(({ hold, state: of }) => hold === 'settings' && of === 'open');
  /** Lists by changed settings, and has a person confirm what they leave out. */
  const narrow = async (settings: Partial<OffboardingContext['settings']>, hours = 1) => {
    await list(settings, hours);
    const question = await asked();
    if (!question) throw new Error('no question about the settings is open');
    await plane(settings).confirm(question.id, question.digest, 'ops');
    state.enqueued.length = 0;
    state.warned.length = 0;
    return list(settings, 0);
  };
  /** Puts an active account with its stacks there. */
  const onboard = async (id: string, ...inRegions: string[]) => {
    state.accounts.set(id, 'ACTIVE');
    const keys = [`account-${id}`, ...inRegions.map((region) => `region-${id}-${region}`)];
    for (const key of keys) {
      const [, , region = null] = /^region-(\d+)-(.+)$/.exec(key) ?? [];
      await database.query(
        `insert into stack (key, kind, account_id, region, updated_at) values ($1, $2, $3, $4, now())`,
        [key, region ? 'region' : 'account', id, region],
      );
      state.engine.set(key, JSON.stringify({ deployment: { key } }));
      state.resources.add(key);
    }
    await store.accounts.seen(organization().accounts, state.now);
    await store.accounts.setRegions(
      id,
      inRegions.map((region) => ({ region, trail: { covered: 'unknown', reason: '' } as never })),
    );
  };
  const plane = (
    settings: Partial<OffboardingContext['settings']> = {},
    change: Partial<Pick<OffboardingContext, 'store' | 'engine'>> = {},
  ) => createOffboarding({ ...parts, ...change, settings: { ...parts.settings, ...settings } });
  /** The right to work on a key, as a worker gets it. */
  const lease = async (key: string, taken: Lease['taken'] = 'fresh'): Promise<Lease> => {
    const [row] = await database.query<{ token: string }>(
      `insert into lease as l (key, owner, token, expires_at) values ($1, $2, 1, now() + interval '1 hour')
       on conflict (key) do update set token = l.token + 1 returning token::text`,
      [key, randomUUID()],
    );
    return { key, token: row?.token ?? '', signal: new AbortController().signal, taken };
  };
  const reconcile = async (key: string, settings: Partial<OffboardingContext['settings']> = {}) =>
    plane(settings).reconcile(key as StackKey, await lease(key));
  const stacks = async () => (await store.offboarding.stacks()).map(({ key }) => key);
  return { store, state, parts, plane, list, asked, narrow, onboard, lease, reconcile, stacks };
}

/** A database without anything that offboardings are about. */
export const emptied = (database: Pick<Database, 'query'>) =>
  database.query(
    'truncate account, stack, offboarding, deletion, listed_account, confirmation, archived_stack, lease, fact, cell_verification, verification, canary',
  );
