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
 * The parts of the service, one each per process. Folders above use what they need. Parts that one of those folders
 * creates for another, such as runs or offboarding, are declared there: this folder may not import them.
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
  readonly queue: KeyQueue;
  readonly leases: Leases;
  readonly workers: Workers;
  readonly programVersion: string;
}

/**
 * A subset of the services, with the named members of each or, with `true`, all of it: `Uses<{ store: 'facts' |
 * 'now'; aws: 'ec2'; log: true }>`.
 */
export type Uses<Needs extends { readonly [Name in keyof Services]?: keyof Services[Name] | true }> = {
  readonly [Name in keyof Needs & keyof Services]: Needs[Name] extends keyof Services[Name]
    ? Pick<Services[Name], Needs[Name]>
    : Services[Name];
};
