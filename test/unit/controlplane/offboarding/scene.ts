import { databaseTest } from '../../../worlds/database.ts';
import { createOffboardingWorld, hub } from '../../../worlds/offboarding.ts';

export const one = '300000000001';
export const two = '300000000002';
export const account = `account-${one}`;
export const region = (name: string, of = one) => `region-${of}-${name}`;

type World = ReturnType<typeof createOffboardingWorld>;

/** Two members beside the hub's account, onboarded and listed anew before each test; what a reconcile of a key says. */
export function offboardingScene(give: (at: World) => void) {
  let at: World;
  databaseTest.beforeEach(async ({ database }) => {
    at = createOffboardingWorld(database);
    await at.onboard(hub);
    await at.onboard(two, 'eu-west-1');
    await at.onboard(one, 'us-east-1', 'eu-west-1');
    await at.list();
    give(at);
  });
  return async (key: string, settings = {}) => {
    const result = await at.reconcile(key, settings);
    return result && 'message' in result ? `${result.kind}: ${result.message}` : result?.kind;
  };
}
