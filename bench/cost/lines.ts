import { priceOf } from './prices.ts';
import type { Quantities, QuantityName } from './quantities.ts';

/** A sum of products of named quantities, times a price: what is computed is what is shown. */
export interface Line {
  readonly what: string;
  readonly quantity: readonly (readonly QuantityName[])[];
  readonly price: string;
  /** AWS Config's part, which costs nothing more where Config records these resources anyway. */
  readonly recording?: true;
}

export interface Product {
  readonly name: string;
  readonly lines: readonly Line[];
}

/** Dollars a month. */
export function costOf({ quantity, price }: Line, quantities: Quantities): number {
  const { usd, per } = priceOf(price);
  const product = (names: readonly QuantityName[]) => names.reduce((all, name) => all * quantities[name], 1);
  return (quantity.reduce((sum, names) => sum + product(names), 0) * usd) / per;
}

export function totalOf(lines: readonly Line[], quantities: Quantities): number {
  return lines.reduce((sum, line) => sum + costOf(line, quantities), 0);
}

export const formulaOf = ({ quantity }: Line): string =>
  quantity.map((names) => names.join(' × ')).join(' + ');

const line = (what: string, price: string, ...quantity: QuantityName[][]): Line => ({
  what,
  price,
  quantity,
});
const recording = (what: string, price: string, ...quantity: QuantityName[][]): Line => ({
  ...line(what, price, ...quantity),
  recording: true,
});

export const portcullis: Product = {
  name: 'Portcullis',
  lines: [
    line('organization trail', 'trail', ['events']),
    line('EventBridge, member to org bus', 'crossAccountEvent', ['events']),
    line('EventBridge, results', 'customEvent', ['results']),
    line('EventBridge, schedule', 'scheduledEvent', ['turns']),
    line('data transfer to the hub', 'transfer', ['events', 'otherRegions', 'eventGigabytes']),
    line('Lambda, requests', 'lambdaRequest', ['events'], ['turns']),
    line(
      'Lambda, duration',
      'lambdaArm',
      ['events', 'lambdaSeconds', 'lambdaGigabytes'],
      ['turns', 'turnSeconds', 'lambdaGigabytes'],
    ),
    line(
      'DynamoDB, writes',
      'tableWrite',
      ['events', 'writesPerEvent'],
      ['violations', 'writesPerViolation'],
    ),
    line(
      'DynamoDB, reads',
      'tableRead',
      ['events', 'readsPerEvent'],
      ['violations', 'readsPerViolation'],
      ['turns', 'readsPerTurn'],
    ),
    line('DynamoDB, storage', 'tableStorage', ['violations', 'ledgerGigabytes', 'keptMonths']),
    line('DynamoDB, recovery', 'tableRecovery', ['violations', 'ledgerGigabytes', 'keptMonths']),
    line(
      'SQS',
      'queueRequest',
      ['results', 'queueRequestsPerResult'],
      ['queueReceives'],
      ['mappingReceives'],
    ),
    line('logs, ingested', 'logIngested', ['events', 'logGigabytes'], ['turns', 'logGigabytesPerTurn']),
    line(
      'logs, stored',
      'logStored',
      ['events', 'logGigabytes', 'keptMonths'],
      ['turns', 'logGigabytesPerTurn', 'keptMonths'],
    ),
    line('alarms', 'alarm', ['alarms']),
    line('Pulumi state in S3, storage', 'stateStorage', ['stacks', 'stateGigabytes']),
    line('Pulumi state in S3, writes', 'stateWrite', ['stacks', 'stateWrites']),
    line('control plane, small machine', 'smallMachine', ['smallMachineHours']),
    line('control plane, large machine', 'largeMachine', ['largeMachineHours']),
    line('control plane, disk', 'disk', ['diskGigabytes']),
    line('control plane, address', 'address', ['hours']),
    line('Slack: secret', 'secret', ['secrets']),
    line('Slack: reads of the secret', 'secretRead', ['secretReads']),
    line('SNS: publish', 'topicRequest', ['violations']),
    line('SNS: one email each', 'topicEmail', ['violations']),
    line('Security Hub: findings', 'findingIngested', ['findingsOverFree']),
  ],
};

const groupItems = recording('Config items, security groups', 'configItem', ['events'], ['violations']);

export const firewallManager: Product = {
  name: 'Firewall Manager',
  lines: [
    line('policies', 'firewallPolicy', ['policies', 'regions']),
    groupItems,
    recording('Config items, interfaces and instances', 'configItem', [
      'accounts',
      'relatedItemsPerDay',
      'days',
    ]),
    line(
      'Config evaluations',
      'configEvaluation',
      ['events', 'firewallRules'],
      ['violations', 'firewallRules'],
    ),
  ],
};

export const configWithAutomation: Product = {
  name: 'Config and SSM',
  lines: [
    groupItems,
    line('Config evaluations', 'configEvaluation', ['events', 'configRules'], ['violations', 'configRules']),
    line('Automation, steps', 'automationStep', ['violations', 'automationSteps']),
    line('Automation, scripts', 'automationScript', ['violations', 'scriptSeconds']),
  ],
};

export const securityResponse: Product = {
  name: 'ASR',
  lines: [
    groupItems,
    line(
      'Security Hub checks',
      'securityCheck',
      ['events', 'securityControls'],
      ['violations', 'securityControls'],
    ),
    line('keys', 'key', ['cells']),
    line(
      'key requests',
      'keyRequest',
      ['violations', 'keyRequestsPerRemediation'],
      ['findings', 'keyRequestsPerFinding'],
    ),
    line('Automation, steps', 'automationStep', ['violations', 'automationSteps']),
    line('Automation, scripts', 'automationScript', ['violations', 'scriptSeconds']),
    line('Step Functions', 'stateTransition', ['violations', 'transitions']),
    line('Lambda, requests', 'lambdaRequest', ['violations', 'requestsPerRemediation'], ['findings']),
    line(
      'Lambda, duration',
      'lambdaX86',
      ['violations', 'remediationGbSeconds'],
      ['findings', 'findingGbSeconds'],
    ),
    line('DynamoDB, storage', 'tableStorage', ['cells', 'guideTableGigabytes']),
    line('X-Ray', 'trace', ['violations', 'requestsPerRemediation'], ['findings']),
    line('metrics', 'metric', ['guideMetrics']),
    line('dashboard', 'dashboard', ['guideDashboards']),
    line('alarms', 'alarm', ['guideAlarms']),
  ],
};

export const products = [portcullis, firewallManager, configWithAutomation, securityResponse] as const;
