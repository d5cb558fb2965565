import { type Definitions, json, type OptionLine } from './definition.ts';

const policyFile: OptionLine = [
  '--policy <file>',
  'the policy; without it PORTCULLIS_POLICY, else lambda/policy.yaml',
];
const groups: OptionLine = [
  '--groups <file...>',
  'output of aws ec2 describe-security-groups or describe-security-group-rules; - is standard input; several times',
];
const everywhere: readonly OptionLine[] = [
  ['--account <id>', 'the account of input that names none'],
  ['--region <region>', 'the Region of input that names none'],
  ['--accounts <file>', "JSON: the accounts' organizational units and tags, by id"],
  ['--prefix-lists <file...>', 'JSON: the ranges of prefix lists, by id; several times'],
  ['--at <time>', 'evaluate as of this date, or date and time, instead of now'],
  json,
];
const commands = () => import('./commands/policy.ts');

/** The commands of `portcullis policy`. */
export const policyDefinitions: Definitions = {
  test: {
    summary: 'show what the policy does about security groups and CloudTrail events',
    options: [
      policyFile,
      groups,
      [
        '--events <path...>',
        'CloudTrail records or EventBridge events, a file or a directory, also gzip; several times',
      ],
      ['--expect <file>', 'expectations, YAML or JSON: group, rule or port, verdict, policyRule, mode'],
      ...everywhere,
    ],
    load: async () => (await commands()).test,
  },
  explain: {
    summary: 'explain what a rule of the policy does, or why tcp/22/0.0.0.0/0 is allowed or not',
    operands: '<rule>',
    options: [
      policyFile,
      groups,
      ['--group <id>', 'the group to put the rule into, id or name'],
      ...everywhere,
    ],
    load: async () => (await commands()).explain,
  },
  diff: {
    summary: 'show what a change of the policy changes for security groups or recorded results',
    operands: '<old> <new>',
    options: [
      [
        '--against <file...>',
        'as --groups; also the output of GET /v1/remediations, or the word service; several times',
      ],
      ['--all', 'also show what stays the same'],
      ...everywhere,
    ],
    load: async () => (await commands()).diff,
  },
};
