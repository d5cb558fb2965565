import type { Fleet } from '../desired.ts';
import { desiredHub } from '../desired.ts';
import type { Verdict } from '../scheduler/verdict.ts';
import { isWholeOrganization } from '../scope.ts';
import type { Pass } from './parts.ts';
import { actOnStack } from './stack.ts';

/** Reconciles the hub stack: the policy file as it is now, the stored exceptions, and what accounts it asks for. */
export async function reconcileHub(given: Pass, fleet: Fleet): Promise<Verdict> {
  const { aws, settings, hubBundle } = given;
  // A run about a part of the organization needs the hub, and leaves it alone where it is as it should be.
  const requests = given.requests.map(({ run, ...rest }) => ({
    ...rest,
    run: isWholeOrganization(run.scope) ? run : { ...run, onlyChanged: true },
  }));
  const pass = { ...given, requests };
  const named = await accountsNamed(pass);
  const { verdict } = await actOnStack(
    pass,
    async () => {
      const { bundle, exceptions } = await hubBundle(named);
      const accessRoleArn = await aws.accessRoleArn(settings.hub.accountId);
      return { ...desiredHub(fleet, bundle, accessRoleArn), exceptions };
    },
    { release: undefined, againMs: settings.sweepMinutes * 60_000 },
  );
  return verdict;
}

/** The accounts that runs are about, whose tags are read anew where the policy asks for any. */
async function accountsNamed({ store, requests }: Pass): Promise<string[]> {
  if (requests.length === 0) return [];
  const accounts = await store.accounts.list();
  const isNamed = (id: string, parents: readonly string[]) =>
    requests.some(
      ({ run: { scope } }) =>
        (!scope.accounts || scope.accounts.includes(id)) &&
        (!scope.organizationalUnits || scope.organizationalUnits.some((unit) => parents.includes(unit))),
    );
  return accounts.filter(({ id, parents }) => isNamed(id, parents)).map(({ id }) => id);
}
