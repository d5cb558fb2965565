import type { Cloud } from './cloud.ts';
import type { Environment } from './environment.ts';
import type { Policy } from './grammar.ts';
import type { Ledger } from './ledger.ts';
import type { Log } from './log.ts';
import type { Clock } from './revoke.ts';
import type { AccountFacts } from './security-group.ts';
import type { Fetch } from './slack.ts';

/** All that the handler touches, so that a test can bring its own world. */
export interface Parts {
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
