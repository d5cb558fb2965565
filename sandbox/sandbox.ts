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
  /** What a control plane needs in its environment to work on this organization. */
  environment: Record<string, string>;
  organization: SeededOrganization;
  /** Client settings of an account's root user, in the hub Region by default. */
  root(accountId: string, region?: string): ClientSettings;
  /**
   * Makes the event that a rule's schedule would make now, and sends it to the rule's targets with every permission
   * checked: the sandbox's schedules wait for this, not for a clock. The rule is on the account's default event bus.
   */
  fire(ruleName: string, accountId: string, region: string): Promise<void>;
  /** Makes calls go wrong on purpose, from `set` on. */
  faults: Faults;
  /** Undoes the closing of an account, as AWS Support does on request for 90 days. No event tells of it. */
  reinstate(accountId: string): void;
  /** What became of every event, oldest first. */
  deliveries(): Delivery[];
  /** Resolves when no event is under way. */
  idle(): Promise<void>;
  /** Idempotent; leaves no process behind, and no file but in a directory that was asked for. */
  stop(): Promise<void>;
}

export interface SandboxOptions extends AssemblyOptions {
  /** Whether to make the seeded organization (the default); else there are accounts by their numbers, in no organization. */
  seed?: boolean;
  /** The organization to make, instead of the one that the demo shows. */
  blueprint?: Blueprint;
}

/**
 * Starts a local AWS organization: IAM is enforced, events flow only where every permission on the way is given.
 * @throws when a part does not start; nothing is left behind then
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
  return { ...made, environment: { ...made.environment, PORTCULLIS_AWS_PLUGIN: plugin } };
}
