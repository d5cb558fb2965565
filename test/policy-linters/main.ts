// node test/policy-linters/main.ts: parliament and policy_sentry over the policies in docs and those that the programs
// write, less the findings that allowed.ts accepts. `npm run check:policies` sets both up first.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { busArn, names } from '../../programs/names.ts';
import { forwarderPermissions, lambdaPermissions, remediationPermissions } from '../../programs/policies.ts';
import { type Finding, judge } from './allowed.ts';

const repository = path.resolve(import.meta.dirname, '../..');
const docs = path.join(repository, 'docs');
const hub = { partition: 'aws', accountId: '222222222222', region: 'eu-west-1' };
const bus = busArn(hub, names.bus);

const documented = readdirSync(docs)
  .filter((file) => file.endsWith('policy.json'))
  .map((file) => [file, readFileSync(path.join(docs, file), 'utf8')] as const);
/** With everything that a setting switches on. */
const written = [
  [
    'Lambda role',
    lambdaPermissions(hub, bus, {
      organizationId: 'o-portcullis',
      slackSecretArn: 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:slack-AbCdEf',
      notificationTopicArn: 'arn:aws:sns:eu-west-1:222222222222:people',
    }),
  ],
  ['remediation role', remediationPermissions(hub, { narrowing: true, securityHub: true })],
  ['forwarder role', forwarderPermissions(bus)],
] as const;

const policies = Object.fromEntries(
  [...documented, ...written].map(([name, text]) => [name, JSON.parse(text)]),
);
const python = path.join(repository, '.portcullis/policy-linters/bin/python');
const output = execFileSync(python, [path.join(import.meta.dirname, 'lint.py')], {
  input: JSON.stringify(policies),
  encoding: 'utf8',
});
const findings = output
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Finding);

const { refused, unused } = judge(findings);
for (const { policy, linter, finding, about } of refused)
  console.error(`${policy}: ${linter} says ${finding}: ${about}`);
for (const { policy, finding, about } of unused)
  console.error(
    `test/policy-linters/allowed.ts accepts ${finding} about ${about} in ${policy}, which is not found`,
  );
const failures = refused.length + unused.length;
console.log(
  `${Object.keys(policies).length} policies, ${findings.length} findings, ${refused.length} not accepted`,
);
if (failures > 0) process.exitCode = 1;
