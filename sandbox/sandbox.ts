import { type Assembly, type AssemblyOptions, assemble } from './assembly.ts';
import type { Delivery } from './eventbridge/journal.ts';
import type { ClientSettings } from './gateway/call.ts';
import type { Faults } from './gateway/faults.ts';
import { buildProvider } from './provider/build.ts';
import { type Blueprint, type Seed, type SeededOrganization, seed, unseeded } from './seed/organization.ts';

export type { Delivery } from './eventbridge/journal.ts';
export type { Faults } from './gateway/faults.ts';
export type { SeededOrganization } from './seed/organization.ts';

export interface Sandbox {
  /** The gateway's address: the one endpoint of every AWS service, account and Region. */
  endpoint: string;
  /** The environment that a control plane needs for this organization. */
  environment: Record<string, string>;
  organization: SeededOrganization;
  /** Client settings of an account's root user, in the hub Region by default. */
  root(accountId: string, region?: string): ClientSettings;
  /**
   * Sends the event that a rule's schedule would send now to the rule's targets, with every permission checked. The
   * sandbox's schedules never run by the clock. The rule is on the account's default event bus.
   */
  fire(ruleName: string, accountId: string, region: string): Promise<void>;
  /** Makes calls fail on purpose, from `set` on. */
  faults: Faults;
  /** Shares a subnet of an account with other accounts, as AWS RAM does inside an organization. */
  shareSubnet(given: SharedSubnet): Promise<void>;
  /** Undoes the closing of an account, as AWS Support does on request for 90 days. It causes no event. */
  reinstate(accountId: string): void;
  /** The result of every event, oldest first. */
  deliveries(): Delivery[];
  /** Resolves when no event is in progress. */
  idle(): Promise<void>;
  /** Idempotent; leaves no process, and no file outside a directory that the caller chose. */
  stop(): Promise<void>;
}

export interface SharedSubnet {
  accountId: string;
  region: string;
  subnetId: string;
  /** The participants. */
  accounts: string[];
}

export interface SandboxOptions extends AssemblyOptions {
  /** Whether to create the seeded organization (the default); otherwise any account id works, in no organization. */
  seed?: boolean;
  /** The organization to create instead of the demo's. */
  blueprint?: Blueprint;
  /** So many security groups in every Region of every member, by `emulator/bulk.py`; the same for the same seed. */
  bulk?: { groups: number; seed: number };
}

/**
 * Starts a local AWS organization. IAM is enforced; an event arrives only with every permission on its way. @throws
 * when a part does not start; then nothing is left running
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const parts = await assemble(options);
  try {
    const { organization, environment } = await contents(parts, options);
    parts.documents.organization = () => ({ ...organization, present: parts.organization.snapshot() });
    return {
      endpoint: parts.endpoint,
      environment,
      organization,
      root: (accountId, region = organization.hubRegion) => ({
        endpoint: parts.endpoint,
        region,
        credentials: { accessKeyId: accountId, secretAccessKey: 'test' },
      }),
      fire: parts.fire,
      reinstate: parts.organization.reinstate,
      shareSubnet: async (given) => void (await parts.emulator.admin('share-subnet', given)),
      faults: parts.faults,
      deliveries: parts.journal.entries,
      idle: parts.background.idle,
      stop: parts.stop,
    };
  } catch (error) {
    await parts.stop();
    throw error;
  }
}

async function contents(parts: Assembly, options: SandboxOptions): Promise<Seed> {
  if (options.seed === false) return { organization: unseeded, environment: {} };
  const [made, plugin] = await Promise.all([
    seed(parts.endpoint, parts.organization, options.blueprint),
    buildProvider(),
  ]);
  if (options.bulk) await fill(parts, made.organization, options.bulk);
  return { ...made, environment: { ...made.environment, PORTCULLIS_AWS_PLUGIN: plugin } };
}

async function fill(
  parts: Assembly,
  { members }: SeededOrganization,
  bulk: { groups: number; seed: number },
): Promise<void> {
  for (const { id, regions } of members)
    await parts.emulator.admin('bulk', { accounts: [id], regions, ...bulk });
}
