import { expect, test } from 'vitest';
import type { StackArguments } from '../../../programs/arguments.ts';
import { accountArgs, declare, hubArgs, regionArgs } from './declared.ts';

const cells = [
  { region: 'us-east-1', lifecycle: true },
  { region: 'eu-west-1', lifecycle: false },
];
const trail = { region: 'us-east-1', retentionDays: 90 };
const topic = 'arn:aws:sns:eu-west-1:222222222222:alarms';

/** Every kind of stack with every option that declares another resource or another input. */
const stacks: Record<string, StackArguments> = {
  hub: hubArgs(),
  'hub-with-options': {
    ...hubArgs(),
    securityHub: true,
    alarmTopicArn: topic,
    notificationTopicArn: topic,
    slackSecretArn: 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:slack-AbCdEf',
  },
  account: accountArgs(),
  'account-with-options': { ...accountArgs(cells), narrowing: true, securityHub: true, trail },
  region: regionArgs({ region: 'eu-west-1', lifecycle: false }),
  'region-with-lifecycle': regionArgs({ region: 'us-east-1', lifecycle: true }),
};

/**
 * A logical name or type that changes replaces a resource in every account, so a change of these files is a decision:
 * `vitest run -u test/unit/programs/declarations.test.ts` writes them anew.
 */
test.each(Object.entries(stacks))('%s declares the recorded resources', async (name, args) => {
  const declared = (await declare(args)).map((each) =>
    each.type === 'aws:lambda/function:Function'
      ? { ...each, inputs: { ...each.inputs, code: 'omitted' } }
      : each,
  );
  await expect(`${JSON.stringify(declared, null, 2)}\n`).toMatchFileSnapshot(
    `../../fixtures/declarations/${name}.json`,
  );
});

// The official provider ignores a rule that was disabled by hand where the program leaves the state out.
test.each(Object.entries(stacks))('every rule of %s names its state', async (_, args) => {
  const rules = (await declare(args)).filter(({ type }) => type === 'aws:cloudwatch/eventRule:EventRule');
  for (const { name, inputs } of rules) expect(inputs.state, name).toBe('ENABLED');
  expect(rules.length > 0).toBe(args.kind !== 'account' || args.cells.length > 0);
});
