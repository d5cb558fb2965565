import type { Uses } from '../services/services.ts';
import type { TrailCheck } from '../stacks/trail-check.ts';
import type { Cell } from '../store/canaries.ts';

/** What verifying a cell needs of the world. */
export interface VerifyContext
  extends Uses<{
    store: 'accounts' | 'stacks' | 'cellVerifications' | 'now';
    aws: 'caller' | 'ec2' | 'eventBridge' | 'dynamodb' | 'sqs';
    settings: 'hub' | 'canary' | 'verifyWaitMinutes' | 'verifyParallel' | 'verifyHours';
    meter: 'verified';
    log: true;
  }> {
  /** The trail check of a cell, made now. */
  readonly trail: (cell: Cell) => Promise<TrailCheck>;
  /** Aborted when the service stops: a cell under way is then left for the next start. */
  readonly stopping: AbortSignal;
}
