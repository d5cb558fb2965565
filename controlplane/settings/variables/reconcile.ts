import { listOf, waveSchema, whole } from './forms.ts';
import { variable } from './variable.ts';

/** How fast stacks are updated, and when a roll-out pauses. docs/reconcile.md explains both. */
export const reconcileVariables = {
  PORTCULLIS_RESYNC_MINUTES: variable(whole(1, 1440).default(60), {
    meaning:
      'How often the accounts, Regions and trails of the organization are read, whether or not an event arrived.',
    example: '30',
  }),
  PORTCULLIS_PARALLEL: variable(whole(1, 25).default(4), {
    meaning: 'Stacks that this worker updates at once.',
    example: '8',
  }),
  PORTCULLIS_PARALLEL_FLEET: variable(whole(1, 10_000).optional(), {
    meaning: 'Stacks that all workers together update at once.',
    example: '40',
    byDefault: 'no limit',
  }),
  PORTCULLIS_PARALLEL_ACCOUNT: variable(whole(1, 100).default(8), {
    meaning: 'Stacks of one account that are updated at once.',
    example: '4',
  }),
  PORTCULLIS_PARALLEL_REGION: variable(whole(1, 10_000).optional(), {
    meaning: 'Stacks of one Region that are updated at once.',
    example: '20',
    byDefault: 'no limit',
  }),
  PORTCULLIS_WAVES: variable(listOf('waves', waveSchema).optional(), {
    meaning:
      'How onboarding and new releases are [rolled out](reconcile.md#runs-and-roll-outs). A wave names accounts, `ou-…` or a share such as `10%`, joined by `+`.',
    example: '300000000001,10%,ou-ab12-prod0001',
    byDefault: 'one wave',
  }),
  PORTCULLIS_MAX_FAILURES: variable(whole(0, 100_000).optional(), {
    meaning: 'A run pauses when more stacks of a wave fail.',
    example: '3',
    byDefault: 'no limit',
  }),
  PORTCULLIS_MAX_FAILURE_PERCENT: variable(whole(0, 100).default(25), {
    meaning: "A run pauses when a larger share of a wave's finished stacks failed.",
    example: '10',
  }),
} as const;
