import type { Uses } from '../services/services.ts';
import type { Cell } from '../stacks/cell.ts';
import type { TrailCheck } from '../stacks/trail-check.ts';

export interface VerifyContext
  extends Uses<{
    store: 'accounts' | 'stacks' | 'cellVerifications' | 'sweeps' | 'now';
    aws: 'caller' | 'ec2' | 'eventBridge' | 'dynamodb' | 'sqs';
    settings: 'hub' | 'canary' | 'tags' | 'verifyWaitMinutes' | 'verifyParallel' | 'verifyHours';
    meter: 'verified';
    log: true;
  }> {
  /** Runs the trail check of a cell now. */
  readonly trail: (cell: Cell) => Promise<TrailCheck>;
  /** Aborted when the service stops: a cell in progress waits for the next start. */
  readonly stopping: AbortSignal;
}
