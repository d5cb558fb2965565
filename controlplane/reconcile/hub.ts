import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { codeSha256 } from '../../programs/arguments.ts';
import { names } from '../../programs/names.ts';
import { type Result, requeueAfter } from '../queue/result.ts';
import { reasonOf } from '../settings/errors.ts';
import { type DesiredStack, desiredHub, type Fleet } from '../stacks/desired.ts';
import { isWholeOrganization } from '../stacks/scope.ts';
import { hubIsThere } from './account.ts';
import { noteHubDeadLetters } from './account-conditions.ts';
import type { ReconcileContext } from './context.ts';
import { endRuns } from './report.ts';
import { actOnStack } from './stack.ts';

/** Upper limit only: once the workers agree on a policy, the first to see it enqueues the hub. */
const mismatchRetryMs = 30_000;

/** Workers that differ would each deploy their own policy. Runs continue with an existing hub. */
async function heldBack(context: ReconcileContext): Promise<Result | undefined> {
  const message = await context.configurationMismatch?.();
  if (!message) return undefined;
  context.log.warn(message);
  const requests = (await hubIsThere(context))
    ? context.requests.filter(({ run }) => run.kind === 'reconcile')
    : [];
  await endRuns({ ...context, requests }, 'skipped', message);
  return requeueAfter(mismatchRetryMs, 'Waiting', message);
}

/**
 * What the remediation function's code in AWS differs in from the declared bundle; undefined where it is the same or AWS
 * does not say. One read, and no operation of the engine: every resync of the hub does it.
 */
async function replacedCode(
  { aws, settings, log }: Pick<ReconcileContext, 'aws' | 'settings' | 'log'>,
  { arguments: declared }: DesiredStack,
): Promise<string | undefined> {
  if (declared.kind !== 'hub') return undefined;
  const FunctionName = names.remediationFunction;
  try {
    const client = await aws.lambda(settings.hub.accountId, settings.hub.region);
    const { Configuration } = await client.send(new GetFunctionCommand({ FunctionName }));
    const found = Configuration?.CodeSha256;
    if (found === undefined || found === codeSha256(declared.bundle)) return undefined;
    return `the code of ${FunctionName} was replaced: its SHA-256 is ${found}`;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException')
      return `${FunctionName} was deleted`;
    log.warn({ error: reasonOf(error) }, 'the code of the remediation function was not compared');
    return undefined;
  }
}

/** Waits while workers differ, except for previews. */
export async function reconcileHub(given: ReconcileContext, fleet: Fleet): Promise<Result> {
  const { aws, settings, hubBundle } = given;
  const held = await heldBack(given);
  // A run about part of the organization needs the hub, but only an outdated hub is updated.
  const requests = given.requests
    .filter(({ run }) => !held || run.kind === 'preview')
    .map(({ run, ...rest }) => ({
      ...rest,
      run: isWholeOrganization(run.scope) ? run : { ...run, onlyChanged: true },
    }));
  if (held && requests.length === 0) return held;
  const pass = { ...given, requests };
  const named = await accountsNamed(pass);
  const preview = requests.some(({ run }) => run.kind === 'preview');
  const { result } = await actOnStack(
    pass,
    async () => {
      const { bundle, exceptions } = await hubBundle(named, { preview });
      const accessRoleArn = await aws.accessRoleArn(settings.hub.accountId);
      const installationId = await given.installation?.id();
      return { ...desiredHub(fleet, bundle, accessRoleArn, installationId), exceptions };
    },
    {
      release: undefined,
      requeueAfterMs: settings.resyncMinutes * 60_000,
      differs: (desired) => replacedCode(given, desired),
    },
  );
  if (!preview) await noteHubDeadLetters(pass);
  return held ?? result;
}

/** The accounts of the waiting runs: their tags are read again when the policy uses tags. */
async function accountsNamed({ store, requests }: ReconcileContext): Promise<string[]> {
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
