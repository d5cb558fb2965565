import {
  CreateAccountCommand,
  DescribeCreateAccountStatusCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import type { Account } from '../sandbox/demo/control-plane.ts';
import { until } from '../sandbox/demo/security-group.ts';
import type { World } from '../sandbox/demo/world.ts';
import { type Figures, median } from './figures.ts';

/** Milliseconds from the return of CreateAccount until every stack of the new account is ready. */
async function createdToCovered(world: World, client: OrganizationsClient, name: string): Promise<number> {
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
  await until(`account ${id} is covered`, 300, async () => {
    const { accounts } = await world.controlPlane.get<{ accounts: Account[] }>('/v1/accounts');
    const ready = accounts.find((account) => account.id === id)?.conditions.Ready;
    return ready?.status === 'True' || undefined;
  });
  return Date.now() - started;
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
    took.push(await createdToCovered(world, client, `bench-${index}`));
  }
  client.destroy();
  figures.add(`CreateAccount to covered, median of ${times}`, median(took) / 1000, 's');
}
