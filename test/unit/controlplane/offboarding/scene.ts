import type { Database } from '../../../../controlplane/store/database/database.ts';
import { databaseTest } from '../../../worlds/database.ts';
import { createOffboardingWorld, hub } from '../../../worlds/offboarding.ts';

export const one = '300000000001';
export const two = '300000000002';
export const account = `account-${one}`;
/** Settings with the Regions of all stacks of the scene, and with one of them. */
export const wide = { regions: ['us-east-1', 'eu-west-1'] };
export const narrow = { regions: ['us-east-1'] };
export const region = (name: string, of = one) => `region-${of}-${name}`;

type World = ReturnType<typeof createOffboardingWorld>;

/** Onboards the hub account and two members and lists them, before each test. */
export function offboardingScene(give: (at: World, database: Database) => void, listedBy = {}) {
  let at: World;
  let database: Database;
  databaseTest.beforeEach(async ({ database: given }) => {
    database = given;
    at = createOffboardingWorld(database);
    await at.onboard(hub);
    await at.onboard(two, 'eu-west-1');
    await at.onboard(one, 'us-east-1', 'eu-west-1');
    await at.list(listedBy);
    at.state.enqueued.length = 0;
    give(at, database);
  }, 60_000);
  return {
    /** The result of a reconcile of a key. */
    async reported(key: string, settings = {}) {
      const result = await at.reconcile(key, settings);
      return result && 'message' in result ? `${result.kind}: ${result.message}` : result?.kind;
    },
    /** A new process over the same database and AWS. */
    restart() {
      const { state } = at;
      at = createOffboardingWorld(database);
      Object.assign(at.state, state);
      give(at, database);
    },
  };
}
