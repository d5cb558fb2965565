import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { awsClients } from '../../../../controlplane/aws/clients.ts';
import { readOrganization } from '../../../../controlplane/organization/listing.ts';
import { observeAccount } from '../../../../controlplane/reconcile/observe.ts';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterEach(() => {
  sandbox?.faults.set(undefined);
  vi.unstubAllEnvs();
});
afterAll(() => sandbox?.stop());

it('with a fifth of all calls going wrong, the organization is read and every account of it found', async () => {
  for (const [name, value] of Object.entries(sandbox.environment)) vi.stubEnv(name, value);
  const settings = {
    hub: { accountId: sandbox.organization.hubAccountId, region: sandbox.organization.hubRegion },
    accessRole: 'OrganizationAccountAccessRole',
    regions: undefined,
  };
  const throttled: string[] = [];
  const aws = awsClients(settings, { onThrottle: (...which) => throttled.push(which.join(' ')) });
  sandbox.faults.set({
    seed: 1,
    rates: {
      throttle: 0.05,
      unavailable: 0.04,
      expired: 0.04,
      revoked: 0.01,
      reset: 0.03,
      slow: 0.02,
      lost: 0.01,
    },
    slowMs: [100, 300],
  });
  const { accounts } = await readOrganization(aws);
  const active = accounts.filter(({ state }) => state === 'ACTIVE');
  for (let round = 0; round < 3; round += 1) {
    const surveys = await Promise.all(active.map((account) => observeAccount(aws, settings, account, 0)));
    expect(surveys.map((survey) => ('message' in survey ? survey.message : survey.kind))).toEqual(
      active.map(() => 'found'),
    );
    const trails = surveys.flatMap((survey) => (survey.kind === 'found' ? survey.account.regions : []));
    expect(trails.filter(({ trail }) => trail.covered === 'unknown')).toEqual([]);
  }
  const { struck } = sandbox.faults.counts();
  expect(struck.expired + struck.revoked).toBeGreaterThan(2);
  expect(struck.throttle).toBeGreaterThan(2);
  expect(throttled.length).toBe(struck.throttle);
}, 120_000);
