import { z } from 'zod';
import { accountId, listOf, retentionDays, unit, unitOrAccount, whole } from './forms.ts';
import { variable } from './variable.ts';

/** Where the hub is, and which accounts and Regions are covered. */
export const coverageVariables = {
  PORTCULLIS_HUB_ACCOUNT: variable(accountId, {
    meaning: 'The hub account: the org bus and the remediation Lambda are in it. Best a security account.',
    example: '222222222222',
  }),
  PORTCULLIS_HUB_REGION: variable(z.string().min(1), {
    meaning: 'The hub Region. It must be a Region that needs no opt-in.',
    example: 'eu-west-1',
  }),
  PORTCULLIS_REGIONS: variable(listOf('Regions', z.string()).optional(), {
    meaning:
      'The Regions to cover. A Region that you remove from the list stays covered until a person confirms ([offboarding.md](offboarding.md)).',
    example: 'us-east-1,eu-west-1',
    byDefault: 'every Region that an account has enabled',
  }),
  PORTCULLIS_ORGANIZATIONAL_UNITS: variable(
    listOf('ids of organizational units or the root', unit).optional(),
    {
      meaning:
        'The organizational units to cover, with all units below them. An account that a change leaves out stays covered until a person confirms.',
      example: 'ou-ab12-sandbox1',
      byDefault: 'the whole organization',
    },
  ),
  PORTCULLIS_EXCLUDE: variable(
    listOf('ids of accounts and organizational units', unitOrAccount).default([]),
    {
      meaning: 'Accounts and organizational units to leave out. The same confirmation applies.',
      example: '300000000009,ou-ab12-legacy01',
    },
  ),
  PORTCULLIS_SHRINK_PERCENT: variable(whole(0, 100).default(10), {
    meaning:
      'When a larger share of the accounts leaves the organization at once, nothing is destroyed until a person confirms.',
    example: '5',
  }),
  PORTCULLIS_DELETE_LIMIT: variable(whole(0, 100_000).default(10), {
    meaning: 'When more stacks than this would be destroyed within a day, a person must confirm.',
    example: '20',
  }),
  PORTCULLIS_LAYOUT: variable(z.enum(['region', 'account'], 'must be region or account').default('region'), {
    meaning:
      '`region`: one stack for each account and Region. `account`: one stack for each account. Choose before the first run; there is no migration between layouts.',
    example: 'account',
  }),
  PORTCULLIS_CONTROL_TOWER_REGION: variable(z.string().optional(), {
    meaning: "Control Tower's home Region. Its lifecycle events are forwarded from there.",
    example: 'eu-west-1',
  }),
  PORTCULLIS_TRAILS: variable(z.enum(['report', 'create'], 'must be report or create').default('report'), {
    meaning:
      '`create`: an account that no trail covers gets a trail and a bucket of its own; needs [deployer-trails-policy.json](deployer-trails-policy.json) ([trails.md](trails.md)). `report`: the account is reported as not covered.',
    example: 'create',
  }),
  PORTCULLIS_LOG_RETENTION_DAYS: variable(retentionDays.default(90), {
    meaning:
      "How long the Lambda's log group, and the log files of trails that Portcullis creates, are kept.",
    example: '365',
  }),
} as const;
