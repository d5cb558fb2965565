import type { Aws } from '../aws/clients.ts';
import type { Settings } from '../settings/environment.ts';
import type { TrailCheck } from '../stacks/trail-check.ts';
import type { Cell } from '../store/canaries.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Meter } from '../telemetry/metrics.ts';

/** What verifying a cell needs of the world. */
export interface VerifyContext {
  readonly store: Pick<Store, 'accounts' | 'stacks' | 'cellVerifications' | 'now'>;
  readonly aws: Pick<Aws, 'caller' | 'ec2' | 'eventBridge' | 'dynamodb' | 'sqs'>;
  readonly settings: Pick<
    Settings,
    'hub' | 'canary' | 'verifyWaitMinutes' | 'verifyParallel' | 'verifyHours'
  >;
  /** The trail check of a cell, made now. */
  readonly trail: (cell: Cell) => Promise<TrailCheck>;
  readonly meter: Pick<Meter, 'verified'>;
  readonly log: Logger;
  /** Aborted when the service stops: a cell under way is then left for the next start. */
  readonly stopping: AbortSignal;
}
