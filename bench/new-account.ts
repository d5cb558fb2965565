import {
  CreateAccountCommand,
  DescribeCreateAccountStatusCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import type { Client } from '../controlplane/cli/client/http.ts';
import type { Account } from '../sandbox/demo/control-plane.ts';
import { until } from '../sandbox/demo/security-group.ts';
import type { World } from '../sandbox/demo/world.ts';
import { type Figures, median } from './figures.ts';

interface Stack {
  readonly key: string;
  readonly conditions: Readonly<Record<string, { readonly status: string } | undefined>>;
}

/** Milliseconds from the return of CreateAccount. */
interface Covered {
  /** Until the first stack of the new account, its own, is made. */
  readonly first: number;
  /** Until every stack of it is ready. */
  readonly all: number;
}

async function createdToCovered(world: World, client: OrganizationsClient, name: string): Promise<Covered> {
  const asked = await client.send(
    new CreateAccountCommand({ AccountName: name, Email: `${name}@example.com` }),
  );
  const started = Date.now();
  const id = await until(`account ${name} exists`, 60, async () => {
    const { CreateAccountStatus: status } = await client.send(
      new DescribeCreateAccountStatusCommand({ CreateAccountRequestId: asked.CreateAccountStatus?.Id }),
    );
    if (status?.State === 'FAILED') throw new Error(`account ${name}: ${status.FailureReason}`);
    return status?.AccountId;
  });
  const first = await until(`account ${id} has its first stack`, 300, async () => {
    const { stacks } = await world.controlPlane.get<{ stacks: Stack[] }>('/v1/stacks');
    const made = stacks.find(({ key }) => key === `account-${id}`)?.conditions.Ready?.status === 'True';
    return made ? Date.now() - started : undefined;
  });
  await until(`account ${id} is covered`, 300, async () => {
    const { accounts } = await world.controlPlane.get<{ accounts: Account[] }>('/v1/accounts');
    const ready = accounts.find((account) => account.id === id)?.conditions.Ready;
    return ready?.status === 'True' || undefined;
  });
  return { first, all: Date.now() - started };
}

/** Creates accounts, one after another, and measures how long each is without cover. */
export async function measureNewAccounts(
  world: World,
  figures: Figures,
  { times, progress }: { times: number; progress: (line: string) => void },
): Promise<void> {
  const { managementAccountId } = world.sandbox.organization;
  const client = new OrganizationsClient(world.sandbox.root(managementAccountId, 'us-east-1'));
  const took: number[] = [];
  for (let index = 1; index <= times; index += 1) {
    progress(`new account ${index} of ${times} …`);
    took.push((await createdToCovered(world, client, `bench-${index}`)).all);
  }
  client.destroy();
  figures.add(`CreateAccount to covered, median of ${times}`, median(took) / 1000, 's');
}

/**
 * Creates an account while a reconcile of everything is under way, each stack of which is an operation of the engine, and
 * measures when the newcomer has its first stack, and when it is covered. @throws where the sweep was over before that
 */
export async function measureUnderSweep(
  world: World,
  service: Client,
  figures: Figures,
  { times, progress }: { times: number; progress: (line: string) => void },
): Promise<void> {
  const { managementAccountId } = world.sandbox.organization;
  const client = new OrganizationsClient(world.sandbox.root(managementAccountId, 'us-east-1'));
  const took: Covered[] = [];
  for (let index = 1; index <= times; index += 1) {
    progress(`new account ${index} of ${times} under a sweep …`);
    const { id } = await service.reconcile({ onlyChanged: false });
    const ended = async () => (await service.run(id)).stacks.filter(({ finishedAt }) => finishedAt).length;
    await until('the sweep is under way', 120, async () => ((await ended()) > 2 ? true : undefined));
    took.push(await createdToCovered(world, client, `sweep-${index}`));
    const { state, stacks } = await service.run(id);
    if (state !== 'running') throw new Error('the sweep was over before the new account was covered');
    progress(`covered with ${await ended()} of ${stacks.length} stacks of the sweep done`);
    await until('the sweep ends', 300, async () =>
      (await service.run(id)).state === 'succeeded' ? true : undefined,
    );
  }
  client.destroy();
  const figure = 'CreateAccount under a sweep';
  figures.add(
    `${figure} to the first stack, median of ${times}`,
    median(took.map(({ first }) => first)) / 1000,
    's',
  );
  figures.add(`${figure} to covered, median of ${times}`, median(took.map(({ all }) => all)) / 1000, 's');
}
