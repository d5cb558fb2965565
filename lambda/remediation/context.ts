import type { Clock } from '../aws/clock.ts';
import type { Cloud } from '../aws/cloud.ts';
import type { Environment } from '../aws/environment.ts';
import type { Log } from '../aws/log.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Fetch } from '../notify/slack/channel.ts';
import type { Policy } from '../policy/schema/policy.ts';
import type { AccountFacts } from '../policy/security-group.ts';

/** All that the handler touches, so that a test can bring its own world. */
export interface HandlerContext {
  policy: Policy;
  /** What the policy's scopes may ask of an account, by its id; an account without is in doubt there. */
  accounts?: Readonly<Record<string, AccountFacts>>;
  /** The SHA-256 of the bundle that this runs from, in hex. */
  bundle?: string;
  environment: Environment;
  cloud: Cloud;
  ledger: Ledger;
  fetch: Fetch;
  clock: Clock;
  log: Log;
}
