import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteRuleCommand,
  DescribeRuleCommand,
  EventBridgeClient,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { World } from '../../../sandbox/demo/world.ts';
import { languageHost, pulumiPin } from '../../../sandbox/setup/pulumi.mjs';
import { allBut, startTestWorld } from '../../worlds/control-plane.ts';
import { repository } from '../../worlds/repository.ts';
import { blocksOf, missingLines, shell, stepsOf } from './page.ts';

const page = 'docs/plain-pulumi.md';
const steps = stepsOf(page);
const account = '300000000002';
const region = 'eu-west-1';
const rule = 'portcullis-forward';

/** What a clone has that the programs read. The rest of a fresh clone changes nothing for Pulumi. */
const cloned = ['Pulumi.yaml', 'package.json', 'package-lock.json', 'programs', 'lambda', 'controlplane'];

describe('plain pulumi', () => {
  let world: World;
  let clone: string;
  beforeEach(async ({ skip }) => {
    if (typeof (await languageHost.find()) === 'string')
      skip('the Node language host is not installed (npm run doctor)');
  });
  beforeAll(async () => {
    if (typeof (await languageHost.find()) === 'string') return;
    world = await startTestWorld({ PORTCULLIS_EXCLUDE: allBut('222222222222', account) });
    const { exit, output } = await world.controlPlane.cli(['reconcile', '--account', account]);
    expect(exit, output).toBe(0);
    clone = await mkdtemp(join(tmpdir(), 'portcullis-clone-'));
    for (const name of [...cloned, 'node_modules']) await symlink(join(repository, name), join(clone, name));
    await mkdir(join(clone, '.portcullis'));
    for (const name of ['state', 'stacks'])
      await symlink(join(world.environment.PORTCULLIS_DATA ?? '', name), join(clone, '.portcullis', name));
  });
  afterAll(async () => {
    await world?.stop();
    if (clone) await rm(clone, { recursive: true, force: true });
  });

  /** The page's `export` lines; set-up is what this test runs on. */
  const exports = () =>
    blocksOf(page, 'sh')
      .join('\n')
      .replace(/^npm run setup .*$/m, '')
      .replace('PASSPHRASE=…', `PASSPHRASE=${world.environment.PULUMI_CONFIG_PASSPHRASE}`);
  const run = (command: string) =>
    shell(`${exports()}\n${command.replace(/^npx portcullis\b/, `"${process.execPath}" "$MAIN"`)}`, {
      cwd: clone,
      environment: { ...world.environment, MAIN: join(repository, 'controlplane/main.ts') },
    });
  const events = () => new EventBridgeClient(world.sandbox.root(account, region));

  test('the page puts the CLI of set-up on PATH', () => {
    expect(blocksOf(page, 'sh')[0]).toContain(`/.pulumi/versions/${pulumiPin}/bin:`);
  });

  test.each(['hub', `account-${account}`])('no change in %s right after a reconcile', async (stack) => {
    const preview = steps[0]?.command.replace(`region-${account}-${region}`, stack);
    const { exit, output } = await run(`${preview} --expect-no-changes`);
    expect(exit, output).toBe(0);
    expect(output).toMatch(/^\s+\d+ unchanged$/m);
  });

  test('every command of the page does what the page shows, and the deleted rule is back', async () => {
    expect(steps.length).toBeGreaterThan(4);
    for (const [index, { command, shown }] of steps.entries()) {
      if (index === 1) {
        await events().send(new RemoveTargetsCommand({ Rule: rule, Ids: ['org-bus'] }));
        await events().send(new DeleteRuleCommand({ Name: rule }));
      }
      const { exit, output } = await run(command);
      expect(missingLines(shown, output), `${command}\nends with ${exit}:\n${output}`).toEqual([]);
      expect(exit, `${command}\n${output}`).toBe(0);
    }
    expect((await events().send(new DescribeRuleCommand({ Name: rule }))).State).toBe('ENABLED');
  });

  test('the service finds nothing to do afterwards', async () => {
    const { output } = await world.controlPlane.cli([
      'reconcile',
      ...['--account', account],
      ...['--region', region],
    ]);
    expect(output).toContain('0 changed, 3 unchanged, 0 failed');
  });
});
