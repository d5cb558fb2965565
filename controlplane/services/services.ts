import type { Aws } from '../aws/clients.ts';
import type { Engine } from '../pulumi/engine.ts';
import type { Boss } from '../queue/boss.ts';
import type { KeyQueue } from '../queue/key-queue.ts';
import type { Leases } from '../queue/leases.ts';
import type { Shutdown } from '../queue/shutdown.ts';
import type { Workers } from '../queue/workers.ts';
import type { Settings } from '../settings/environment.ts';
import type { Database } from '../store/database/database.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Meter } from '../telemetry/metrics.ts';

/**
 * What the service is made of, each once a process. The folders above take what they need of it. What one of them makes
 * and another takes, such as runs or offboarding, is declared where it is made: this folder may not import those.
 */
export interface Services {
  readonly settings: Settings;
  readonly log: Logger;
  readonly shutdown: Shutdown;
  readonly database: Database;
  readonly store: Store;
  readonly meter: Meter;
  readonly aws: Aws;
  readonly engine: Engine;
  readonly boss: Boss;
  /** Keys that wait to be reconciled. */
  readonly queue: KeyQueue;
  readonly leases: Leases;
  readonly workers: Workers;
  /** Hash of the programs' sources. */
  readonly programVersion: string;
}

/**
 * Some of the services, and of each the named members, or with `true` all of it:
 * `Uses<{ store: 'facts' | 'now'; aws: 'ec2'; log: true }>`.
 */
export type Uses<Needs extends { readonly [Name in keyof Services]?: keyof Services[Name] | true }> = {
  readonly [Name in keyof Needs & keyof Services]: Needs[Name] extends keyof Services[Name]
    ? Pick<Services[Name], Needs[Name]>
    : Services[Name];
};
