import type { Clock } from '../aws/clock.ts';
import type { Cloud } from '../aws/cloud.ts';
import type { Environment } from '../aws/environment.ts';
import type { Log } from '../aws/log.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Fetch } from '../notify/slack/post.ts';
import type { AccountFacts } from '../policy/account-facts.ts';
import type { Policy } from '../policy/schema/policy.ts';

/** Everything outside of the handler, so that a test can provide its own. */
export interface HandlerContext {
  policy: Policy;
  /** Facts for the policy's scopes, by account id. Without facts about an account, its scopes are in doubt. */
  accounts?: Readonly<Record<string, AccountFacts>>;
  /** The SHA-256 of the running bundle, in hex. */
  bundle?: string;
  environment: Environment;
  cloud: Cloud;
  ledger: Ledger;
  fetch: Fetch;
  clock: Clock;
  log: Log;
}
