import { all, type Definitions, json, type OptionLine, scope } from './definition.ts';
import { findingDefinitions } from './finding-definitions.ts';

const run: readonly OptionLine[] = [
  ['--only-changed', 'leave out stacks that are ready at the wanted generation'],
  ['--wave <wave...>', 'a wave: accounts, ou-… or 10%, joined by +; may be given several times, in order'],
  ['--parallel <number>', 'the number of stacks to update at once'],
  ['--max-failures <number>', 'pause when more stacks of a wave fail'],
  ['--max-failure-percent <number>', 'pause when a larger part of a wave fails'],
];
const runs = () => import('./commands/runs.ts');
const lists = () => import('./commands/lists.ts');
const confirmations = () => import('./commands/confirmations.ts');

const rollout: Definitions = {
  preview: {
    summary: 'show what would change and what drifted; changes nothing',
    options: [...scope, ['--all', 'the whole organization, as without a scope'], ...run, json],
    load: async () => (await runs()).preview,
  },
  reconcile: {
    summary: 'update the organization, or a part of it, to the desired state',
    options: [...scope, all, ...run, json],
    load: async () => (await runs()).reconcile,
  },
  runs: {
    summary: 'list the latest runs, newest first',
    options: [json],
    load: async () => (await lists()).runs,
  },
  follow: {
    summary: 'follow a run, a verification, a sweep or a restore to its end',
    operands: '<id>',
    options: [json],
    load: async () => (await import('./commands/follow-by-id.ts')).followById,
  },
  pause: {
    summary: 'pause a run: start no more of its stacks until it is resumed',
    operands: '<run>',
    options: [json],
    load: async () => (await runs()).pause,
  },
  resume: {
    summary: 'continue a paused run',
    operands: '<run>',
    options: [json],
    load: async () => (await runs()).resume,
  },
  cancel: {
    summary: 'end a sweep, or a run after its stacks in progress are finished',
    operands: '<id>',
    options: [json],
    load: async () => (await runs()).cancel,
  },
};

const observation: Definitions = {
  status: {
    summary: 'show what is protected, what waits for a person and what is unhealthy',
    options: [json],
    load: async () => (await import('./commands/status.ts')).status,
  },
  verify: {
    summary: 'verify each cell with a canary that is opened and closed end to end',
    options: [...scope, all, json],
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  remediations: {
    summary: 'list what was revoked, with the ids that restore it',
    options: [
      ['--account <id...>', 'only this account'],
      [
        '--outcome <outcome>',
        'only this outcome: remediated, escalated, notified, observed, excepted, clean, ignored, undecided, group-gone, rule-gone, access-denied or failed',
      ],
      json,
    ],
    load: async () => (await lists()).remediations,
  },
  audit: {
    summary: 'show, export or check the audit log',
    options: [
      ['--since <time>', 'only lines of this time or later, for example 2026-03-02T09:15:00Z'],
      ['--until <time>', 'only lines before this time'],
      ['--who <caller>', 'only lines about this caller'],
      ['--what <act>', 'only lines about this act, for example "run requested"; docs/audit.md lists them'],
      ['--account <id>', 'only lines about this account'],
      ['--after <id>', 'only lines after this one'],
      ['--limit <number>', 'the number of lines to show; 100 by default'],
      ['--jsonl', 'print all lines as JSON lines, oldest first'],
      ['--verify', 'check each sealed line; exit code 1 if one was changed or deleted'],
      json,
    ],
    load: async () => (await import('./commands/audit.ts')).audit,
  },
  doctor: {
    summary: 'check the hub Region and the concurrency limit of the hub account',
    options: [json],
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
};

const exceptions: Definitions = {
  restore: {
    summary: 'restore a revoked rule, with an exception that keeps it',
    operands: '<remediation>',
    options: [
      ['--owner <name>', 'who is responsible for the exception'],
      ['--why <reason>', 'why it is needed'],
      ['--ticket <id>', 'the ticket that approves it'],
      ['--expires <time>', 'when the exception ends, for example 2027-01-31T00:00:00Z'],
      ['--permanent', 'the exception does not end'],
      ['--rule <id...>', 'only this security group rule (sgr-…); may be given several times'],
      json,
    ],
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  exceptions: {
    summary: 'list what is excepted, and until when',
    options: [json],
    load: async () => (await lists()).exceptions,
  },
  'end-exception': {
    summary: 'end an exception that a restore made',
    operands: '<name>',
    options: [json],
    load: async () => (await import('./commands/exceptions.ts')).endException,
  },
};

const answers: Definitions = {
  confirmations: {
    summary: 'list what waits for a person: stacks to delete, a lower policy mode',
    options: [json],
    load: async () => (await lists()).confirmations,
  },
  confirm: {
    summary: 'delete exactly these stacks, or put exactly this policy in force',
    operands: '<id>',
    options: [json],
    load: async () => (await confirmations()).confirm,
  },
  refuse: {
    summary: 'leave the stacks, or the policy in force, as they are',
    operands: '<id>',
    options: [json],
    load: async () => (await confirmations()).refuse,
  },
};

const service: Definitions = {
  serve: {
    summary: 'run the control plane',
    options: [],
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  'take-over': {
    summary: 'make the hub of another installation the hub of this one',
    options: [['--yes', 'do not ask whether the other control plane is stopped'], json],
    load: async () => (await import('./commands/take-over.ts')).takeOver,
  },
  uninstall: {
    summary: 'remove everything from every account, the hub last; asks first',
    options: [['--confirm <organization>', 'the id of the organization (o-…), in place of typing it'], json],
    load: async () => (await import('./commands/uninstall.ts')).uninstall,
  },
  reinstall: {
    summary: 'end an uninstall; the service deploys again what was removed',
    options: [['--yes', 'do not ask'], json],
    load: async () => (await import('./commands/uninstall.ts')).reinstall,
  },
  'access-template': {
    summary: 'print the CloudFormation template of the access role',
    options: [json],
    load: async () => (await lists()).accessTemplate,
  },
};

/** Every command but those of `policy`, by the groups of the help. */
export const commandGroups: Readonly<Record<string, Definitions>> = {
  Service: service,
  'Roll out': rollout,
  Observe: { ...observation, ...findingDefinitions },
  Exceptions: exceptions,
  Confirmations: answers,
};
