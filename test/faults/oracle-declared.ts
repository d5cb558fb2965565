import { organizationsRegion } from '../../controlplane/settings/partition.ts';
import { busArn, type Location, names, queueArn, roleArn } from '../../programs/names.ts';
import { callPattern, ingressPattern, lifecyclePattern, resultsPattern } from '../../programs/pattern.ts';
import {
  forwarderPermissions,
  forwarderTrust,
  lambdaPermissions,
  lambdaTrust,
  remediationPermissions,
  remediationTrust,
} from '../../programs/policies.ts';
import type { FaultStage } from './stage.ts';

/** A resource: which and where, and what it says, in one text; of a kind whose content is not compared, nothing. */
export interface Listed {
  readonly name: string;
  readonly says: string;
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
};

/** A document with its keys in the order of the alphabet, so that equal ones are equal texts; what is none stays. */
const canonical = (document: string): string => {
  try {
    return JSON.stringify(sorted(JSON.parse(document)));
  } catch {
    return document;
  }
};

interface Target {
  readonly arn: string | undefined;
  readonly roleArn: string | undefined;
  readonly deadLetters: string | undefined;
}

/** A resource as text, the same for each listing that has it. */
export const saying = {
  document: (text: string | undefined) => canonical(text ?? ''),
  rule: (state: string | undefined, trigger: string | undefined) =>
    `${state ?? 'in no state'} for ${canonical(trigger || 'nothing')}`,
  target: ({ arn, roleArn, deadLetters }: Target) =>
    `${arn ?? 'nothing'} as ${roleArn || 'no role'}, dead letters to ${deadLetters ?? 'nowhere'}`,
} as const;

const role = (accountId: string, name: string, trust: string, permissions: string): Listed[] => [
  { name: `role ${accountId} ${name}`, says: saying.document(trust) },
  { name: `role policy ${accountId} ${name}/${name}`, says: saying.document(permissions) },
];

interface DeclaredRule extends Target {
  readonly bus: string;
  readonly rule: string;
  readonly trigger: string;
  readonly targetId: string;
}

const ruleIn = (at: Location, { bus, rule, trigger, targetId, ...target }: DeclaredRule): Listed[] => [
  { name: `rule ${at.accountId} ${at.region} ${bus}/${rule}`, says: saying.rule('ENABLED', trigger) },
  { name: `target ${at.accountId} ${at.region} ${bus}/${rule}/${targetId}`, says: saying.target(target) },
];

function hubParts(hub: Location, { sandbox }: FaultStage): Listed[] {
  const deadLetters = queueArn(hub, names.deadLetterQueue);
  const lambda = `arn:${hub.partition}:lambda:${hub.region}:${hub.accountId}:function:${names.remediationFunction}`;
  const slackSecretArn = sandbox.environment.PORTCULLIS_SLACK_SECRET_ARN;
  const rule = (name: string, trigger: string, arn: string, bus: string = names.bus) =>
    ruleIn(hub, {
      ...{ bus, rule: name, trigger, targetId: 'hub' },
      ...{ arn, roleArn: undefined, deadLetters: deadLetters },
    });
  const results = JSON.stringify(resultsPattern(hub.accountId));
  return [
    ...role(
      hub.accountId,
      names.lambdaRole,
      lambdaTrust(),
      lambdaPermissions(hub, busArn(hub, names.bus), {
        ...{ organizationId: sandbox.organization.id, slackSecretArn },
      }),
    ),
    ...rule(names.ingressRule, JSON.stringify(callPattern), lambda),
    ...rule(names.scheduleRule, 'rate(1 minute)', lambda, 'default'),
    ...rule(names.lifecycleRule, JSON.stringify(lifecyclePattern), queueArn(hub, names.lifecycleQueue)),
    ...rule(names.resultsRule, results, queueArn(hub, names.resultsQueue)),
  ];
}

/** The forwarding of one cell. */
function cellParts(at: Location, hub: Location): Listed[] {
  const forwarded = (name: string, pattern: object) =>
    ruleIn(at, {
      ...{ bus: 'default', rule: name, trigger: JSON.stringify(pattern), targetId: 'org-bus' },
      arn: busArn(hub, names.bus),
      roleArn: roleArn(at, names.forwarderRole),
      deadLetters: queueArn(at, names.forwardDeadLetterQueue),
    });
  return [
    ...forwarded(names.forwardRule, ingressPattern),
    ...(at.region === organizationsRegion(at.partition)
      ? forwarded(names.lifecycleRule, lifecyclePattern)
      : []),
    { name: `queue ${at.accountId} ${at.region} ${names.forwardDeadLetterQueue}`, says: '' },
  ];
}

/**
 * What the programs declare in every account and cell and in the hub, as far as the oracle compares it: roles with their
 * policies, rules, targets; and the queues of the cells, by name alone.
 */
export function declaredIn(stage: FaultStage): Listed[] {
  const { id, hubAccountId, hubRegion } = stage.sandbox.organization;
  const partition = 'aws';
  const hub = { partition, accountId: hubAccountId, region: hubRegion };
  const plain = { narrowing: false, securityHub: false };
  return [
    ...hubParts(hub, stage),
    ...stage.accountIds.flatMap((accountId) => [
      ...role(
        accountId,
        names.remediationRole,
        remediationTrust(hub, id),
        remediationPermissions({ partition, accountId }, plain),
      ),
      ...role(
        accountId,
        names.forwarderRole,
        forwarderTrust(accountId),
        forwarderPermissions(busArn(hub, names.bus)),
      ),
    ]),
    ...stage.cells.flatMap((cell) => cellParts({ partition, ...cell }, hub)),
  ];
}
