import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CellView } from '../../../../controlplane/stacks/cell.ts';
import type { Confirmation } from '../../../../controlplane/store/confirmations.ts';
import type { StackRecord } from '../../../../controlplane/store/stacks.ts';
import { openToTheWorld } from '../../../../sandbox/demo/security-group.ts';
import { commandIn, former, leaver, payments, shop, startOffboardingStage, until } from './stage.ts';

type Stage = Awaited<ReturnType<typeof startOffboardingStage>>;
const long = { timeout: 900_000 };
const both = 'us-east-1,af-south-1';

/** Each test goes on from where the one before left the settings. */
describe('a control plane that is restarted with other Regions', () => {
  let at: Stage;
  let environment: (regions: string) => Record<string, string>;
  beforeAll(async () => {
    at = await startOffboardingStage();
    const exclude = [at.unit('Sandbox'), payments, former, leaver].join(',');
    environment = (regions) => ({ PORTCULLIS_REGIONS: regions, PORTCULLIS_EXCLUDE: exclude });
    await at.start(environment(both));
  }, 600_000);
  afterAll(() => at?.end());
  const stacks = async () => (await at.plane().get<{ stacks: StackRecord[] }>('/v1/stacks')).stacks;
  const open = async () =>
    (await at.plane().get<{ confirmations: Confirmation[] }>('/v1/confirmations')).confirmations.filter(
      ({ state }) => state === 'open',
    );
  const inVirginia = async () =>
    (await stacks()).filter(({ region }) => region === 'us-east-1').map(({ key }) => key);
  const verified = async () =>
    (await at.plane().get<{ cells: CellView[] }>('/v1/coverage')).cells.flatMap((cell) =>
      cell.account === shop && cell.region === 'us-east-1' ? [cell.verified] : [],
    );
  const allReady = () =>
    until('every stack is to be ready', async () => {
      const found = await stacks();
      const not = found.filter(({ conditions }) => conditions.Ready?.status !== 'True');
      return found.length === 8 && not.length === 0
        ? undefined
        : `${found.length} stacks, not ready: ${not.map(({ key }) => key).join()}`;
    });

  test('covers three accounts in both Regions, and proves one of the cells', long, async () => {
    await allReady();
    const { exit, output } = await at.plane().cli(['verify', '--account', shop, '--region', 'us-east-1']);
    expect(exit, output).toBe(0);
    expect(await verified()).toEqual(['yes']);
    expect((await fetch(new URL('/readyz', at.plane().url))).status).toBe(200);
  });

  test('is refused with a Region that does not exist, a preview too, and touches nothing', long, async () => {
    await at.stop();
    const wrong = { ...at.environment, ...environment('us-esat-1,af-south-1') };
    for (const words of [['serve'], ['preview'], ['reconcile', '--all']]) {
      const { exit, output } = await commandIn(wrong, words);
      expect(output).toContain('PORTCULLIS_REGIONS names us-esat-1, which is not a known AWS Region');
      expect(output).toContain('did you mean us-east-1?');
      expect(exit).toBe(2);
    }
    expect(await at.resources(shop)).toEqual(expect.arrayContaining(['rule us-east-1 portcullis-forward']));
  });

  test('takes nothing away with fewer Regions, and asks a person', long, async () => {
    await at.start(environment('af-south-1'));
    await until('a person is to be asked', async () => {
      const [asked] = await open();
      return asked?.stacks.length === 3 ? undefined : `asked is ${JSON.stringify(asked)}`;
    });
    const [asked] = await open();
    expect(asked).toMatchObject({ hold: 'settings', why: expect.stringContaining('PORTCULLIS_REGIONS (3)') });
    const { exit, output } = await at.plane().cli(['status']);
    expect(output).toContain(`portcullis confirm ${asked?.id}`);
    expect(exit).toBe(3);
    expect(await (await at.plane().request('/metrics')).text()).toMatch(/^portcullis_scope_changes_open 1$/m);
    const refused = await at.plane().cli(['preview', '--region', 'us-esat-1']);
    expect([refused.exit, refused.output]).toEqual([2, expect.stringContaining('did you mean us-east-1?')]);
  });

  test('still closes what is opened in the Region that is left out', long, async () => {
    const group = await openToTheWorld(at.sandbox, { accountId: shop, region: 'us-east-1', port: 22 });
    await until('the group is to be closed', async () =>
      (await group.ruleIds()).length === 0 ? undefined : 'it is open',
    );
    expect(await inVirginia()).toHaveLength(3);
    await allReady();
  });

  test(
    'takes exactly that away once a person confirms, and what was verified there with it',
    long,
    async () => {
      const [asked] = await open();
      const { exit } = await at.plane().cli(['confirm', asked?.id ?? '']);
      expect(exit).toBe(0);
      await until('the Region is to be without stacks', async () =>
        (await inVirginia()).length === 0 ? undefined : (await inVirginia()).join(),
      );
      expect(await at.resources(shop)).not.toContain('rule us-east-1 portcullis-forward');
      expect(await verified()).toEqual([]);
    },
  );

  test('has everything back in one pass after the correction, without being asked', long, async () => {
    await at.stop();
    await at.start(environment(both));
    await allReady();
    expect(await at.resources(shop)).toEqual(expect.arrayContaining(['rule us-east-1 portcullis-forward']));
    expect(await verified()).toEqual(['never']);
    const { runs } = await at.plane().get<{ runs: { requestedBy: string }[] }>('/v1/runs');
    expect(runs.map(({ requestedBy }) => requestedBy).filter((by) => by === 'local')).toEqual([]);
    // The sweep that would have found it is an hour away.
    expect(at.secondsSinceStart()).toBeLessThan(420);
  });
});
