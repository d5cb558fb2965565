import { EventBridge } from '@aws-sdk/client-eventbridge';
import { plainPreview } from './plain-pulumi.ts';
import { assert, type Step } from './step.ts';

const forwardRule = 'portcullis-forward';
/** The cell whose forwarding rule the three steps delete by hand, show and repair. */
const drifted = { accountId: '300000000002', region: 'eu-west-1' };

async function ruleWithTarget(events: EventBridge): Promise<boolean> {
  try {
    await events.describeRule({ Name: forwardRule });
    const { Targets = [] } = await events.listTargetsByRule({ Rule: forwardRule });
    return Targets.length === 1;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return false;
    throw error;
  }
}

const scope = ['--account', drifted.accountId, '--region', drifted.region];

export const drift: Step = {
  claim: 'preview names a forwarding rule that was deleted by hand',
  async run({ sandbox, controlPlane }, show) {
    const events = new EventBridge(sandbox.root(drifted.accountId, drifted.region));
    const { Targets = [] } = await events.listTargetsByRule({ Rule: forwardRule });
    await events.removeTargets({ Rule: forwardRule, Ids: Targets.flatMap(({ Id }) => (Id ? [Id] : [])) });
    await events.deleteRule({ Name: forwardRule });
    const { exit, output } = await controlPlane.cli(['preview', ...scope], show);
    assert(exit === 3, `preview ended with exit code ${exit}, not 3 (differences):\n${output}`);
    const named = output
      .split('\n')
      .find((line) => line.includes(`eventRule:EventRule ${forwardRule}`) && line.includes('drift: deleted'));
    assert(named !== undefined, `preview does not name the rule:\n${output}`);
    assert(!(await ruleWithTarget(events)), 'preview changed something');
    return `exit code 3, and nothing changed`;
  },
};

export const plainPulumi: Step = {
  claim: 'plain `pulumi preview` names it too, on the same stack',
  async run(world, show) {
    const output = await plainPreview(world, `region-${drifted.accountId}-${drifted.region}`);
    if (output === undefined) return 'not shown: this machine has no Node language host (`npm run doctor`)';
    const creates = output.split('\n').filter((line) => /^ \+ .*portcullis-forward/.test(line));
    show(`${creates.join('\n')}\n`);
    assert(creates.length === 2, `it does not name the rule and its target:\n${output}`);
    return 'the rule and its target, and nothing else, to create';
  },
};

export const repair: Step = {
  claim: 'reconcile repairs it',
  async run({ sandbox, controlPlane }, show) {
    const { exit, output } = await controlPlane.cli(['reconcile', ...scope], show);
    assert(exit === 0, `reconcile ended with exit code ${exit}:\n${output}`);
    const events = new EventBridge(sandbox.root(drifted.accountId, drifted.region));
    assert(await ruleWithTarget(events), 'the rule or its target is still missing');
    return 'rule and target are back';
  },
};
