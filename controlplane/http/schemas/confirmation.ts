import { z } from 'zod';
import { modes } from '../../../lambda/policy/schema/policy.ts';
import type { ScopeView } from '../../offboarding/scope-view.ts';
import type { CoveredScope } from '../../organization/fleet-scope.ts';
import type { ArchivedStack } from '../../store/archived-stacks.ts';
import { type Confirmation, confirmationStates } from '../../store/confirmations.ts';
import { conditionsSchema } from './condition.ts';
import { account, type SchemaOf, textOrNull, time, timeOrNull } from './json.ts';
import { pageFields } from './page.ts';

const names = z.object({
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(z.string()),
});

const policyChange = z.object({
  from: textOrNull,
  to: z.string(),
  mode: z.object({ from: z.enum(modes).nullable(), to: z.enum(modes) }),
  modes: z.array(z.object({ rule: z.string(), from: z.enum(modes), to: z.enum(modes) })),
  rules: names.extend({ reordered: z.boolean() }),
  exceptions: names,
  settings: z.array(z.string()),
  lowered: z.array(z.string()).describe('In words, what lowers the effective mode'),
  source: z.looseObject({}).describe('Whose file it is'),
}) satisfies SchemaOf<Omit<NonNullable<Confirmation['policy']>, 'source'>>;

export const confirmationSchema = z.object({
  id: z.uuid(),
  kind: z.enum(['offboarding', 'policy-mode']),
  digest: z.string().describe('Goes with the answer, so that no other set is answered'),
  hold: z.enum(['deletions', 'everything', 'settings', 'policy']),
  why: z.string(),
  about: z.string().describe('What would be done'),
  stacks: z.array(
    z.object({
      key: z.string(),
      accountId: account,
      accountName: z.string(),
      region: textOrNull,
      what: z.enum(['destroy', 'archive']),
      because: z.string(),
    }),
  ),
  policy: policyChange.nullable(),
  state: z.enum(confirmationStates),
  openedAt: time,
  expiresAt: time,
  decidedAt: timeOrNull,
  decidedBy: textOrNull,
}) satisfies SchemaOf<Omit<Confirmation, 'policy'>>;

export const confirmationsSchema = z.object({ confirmations: z.array(confirmationSchema), ...pageFields });

const covered = z.object({
  regions: z.array(z.string()).nullable(),
  organizationalUnits: z.array(z.string()).nullable(),
  exclude: z.array(z.string()),
}) satisfies SchemaOf<CoveredScope>;

export const scopeViewSchema = z.object({
  settings: covered,
  confirmed: covered.nullable(),
  wrong: textOrNull.describe('What the settings name and the organization does not have'),
  leftOut: z.array(z.object({ key: z.string(), accountId: account, because: z.string() })),
}) satisfies SchemaOf<ScopeView>;

export const takeOverSchema = z.object({ id: z.string(), before: z.string().optional() });

const archivedStack = z.object({
  key: z.string(),
  since: time.describe('When it began to leave'),
  accountId: account,
  accountName: z.string(),
  kind: z.enum(['account', 'region']),
  region: textOrNull,
  reason: z.string(),
  archivedAt: time,
  generation: textOrNull,
  conditions: conditionsSchema,
  hasState: z.boolean(),
  returnedAt: timeOrNull,
}) satisfies SchemaOf<ArchivedStack>;

export const archivedStacksSchema = z.object({ archivedStacks: z.array(archivedStack), ...pageFields });
