import { all, type Definitions, json, scope } from './definition.ts';

/** The commands about forbidden ingress. */
export const findingDefinitions: Definitions = {
  sweep: {
    summary: 'read the security groups of every cell, and list what the policy forbids',
    options: [
      ...scope,
      all,
      ['--no-wait', 'start the sweep and do not follow it'],
      json,
      ['--standalone', 'sweep with nothing deployed; needs only credentials and the access role'],
      [
        '--policy <file>',
        'with --standalone: the policy; without it PORTCULLIS_POLICY, else the shipped one',
      ],
      ['--format <format>', 'with --standalone: table, jsonl, csv or html; table by default'],
      ['--output <file>', 'with --standalone: write the result to this file'],
    ],
    load: async () => (await import('./commands/sweep.ts')).sweep,
  },
  findings: {
    summary: 'list ingress that the policy forbids, or show one finding with its history',
    operands: '[id]',
    options: [
      ['--account <id>', 'only this account'],
      ['--ou <id>', 'only accounts of this organizational unit (ou-…) or root (r-…)'],
      ['--region <region>', 'only this Region'],
      ['--severity <severity>', 'only this severity: critical, high, medium, low or none'],
      ['--exposure <exposure>', 'only this exposure: reachable, attached, unattached or unknown'],
      ['--state <state>', 'open (the default), excepted, remediated, resolved or all'],
      ['--owner <owner>', 'only of this owner: the value of the tag, or the principal'],
      ['--policy-rule <name>', 'only of this rule of the policy'],
      ['--older-than <days>', 'only findings that were first seen at least this many days ago'],
      ['--sort <order>', 'severity (the default), oldest, newest or account'],
      ['--limit <number>', 'the number of findings to print; 100 by default, with csv and jsonl all'],
      ['--format <format>', 'table (the default), json, jsonl or csv'],
      json,
    ],
    load: async () => (await import('./commands/findings.ts')).findings,
  },
};
