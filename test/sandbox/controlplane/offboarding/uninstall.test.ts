import { DeleteRoleCommand, DetachRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UninstallView } from '../../../../controlplane/offboarding/uninstall.ts';
import { former, leaver, payments, playground, shop, startOffboardingStage, until } from './stage.ts';

type Stage = Awaited<ReturnType<typeof startOffboardingStage>>;
const long = { timeout: 900_000 };
const hub = '222222222222';
const settings = {
  PORTCULLIS_EXCLUDE: ['111111111111', former, leaver, playground].join(','),
  PORTCULLIS_REGIONS: 'us-east-1',
};

/** Each test goes on from where the one before left the organization. */
describe('the removal of an installation', () => {
  let at: Stage;
  let id = '';
  beforeAll(async () => {
    at = await startOffboardingStage();
    id = at.sandbox.organization.id;
    await at.start(settings);
    for (const account of [shop, payments, hub]) await at.ready(account);
  }, 900_000);
  afterAll(() => at?.end());
  const view = () => at.plane().get<UninstallView>('/v1/uninstall');
  const post = (path: string, body: object) =>
    at.plane().request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  test('names the organization, and is refused for another', long, async () => {
    const { exit, output } = await at.plane().cli(['uninstall', '--confirm', 'o-0000000000']);
    expect(exit).toBe(2);
    expect(output).toContain('is another');
    expect((await at.plane().cli(['uninstall'])).output).toContain('--confirm <organization id>');
    expect((await view()).state).toBe('none');
  });

  test(
    'killed in the middle, it goes on with the next start, and leaves an account out of reach',
    long,
    async () => {
      // The access role of one account is deleted: nothing can be removed there.
      const iam = new IAMClient(at.sandbox.root(payments));
      const RoleName = 'OrganizationAccountAccessRole';
      const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
      await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
      await iam.send(new DeleteRoleCommand({ RoleName }));
      expect((await post('/v1/uninstall', { confirm: id })).status).toBe(200);
      await until('a stack is to be removed', async () => {
        const { remaining } = await view();
        return remaining < 7 ? undefined : `${remaining} remain`;
      });
      process.kill(at.plane().pid, 'SIGKILL');
      await at.stop();
      await at.start(settings);
      const ready = (await (await at.plane().request('/readyz')).json()) as { missing: { what: string }[] };
      expect(ready.missing.map(({ what }) => what)).toContain('uninstall');
      const refused = await post('/v1/reconcile', { accounts: [shop] });
      expect(refused.status).toBe(409);
      await until('the hub is to be removed', async () => {
        const seen = await view();
        return seen.state === 'finished' ? undefined : JSON.stringify(seen);
      });
      expect(await at.resources(shop)).toEqual([]);
      expect(await at.resources(hub)).toEqual([]);
      expect(await at.resources(payments)).toContain('role portcullis-remediation');
      const { exit, output } = await at.plane().cli(['uninstall', '--confirm', id]);
      expect(exit).toBe(1);
      expect(output).toContain(`region-${payments}-us-east-1`);
      expect(output).toContain('denies access');
      expect((await at.plane().cli(['status'])).output).toContain('Uninstall   finished: 2 stacks remain');
    },
  );

  test('begun again, it makes everything anew', long, async () => {
    const { exit } = await at.plane().cli(['reinstall', '--yes']);
    expect(exit).toBe(0);
    await at.ready(shop);
    expect(await at.resources(shop)).toContain('role portcullis-remediation');
    expect(await at.resources(hub)).toContain('role portcullis-remediation');
    expect((await view()).state).toBe('none');
  });
});
