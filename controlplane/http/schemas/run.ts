import { z } from 'zod';
import type { RolloutPlan } from '../../settings/rollout.ts';
import type { ResourceChange, ValueChange } from '../../stacks/operation-record.ts';
import type { Scope } from '../../stacks/scope.ts';
import type { RunStack } from '../../store/run-stacks.ts';
import type { Run } from '../../store/runs.ts';
import { type SchemaOf, textOrNull, time, timeOrNull } from './json.ts';
import { pageFields } from './page.ts';

/** A scope as it is recorded: without any list, the whole organization. */
export const recordedScope = z.object({
  accounts: z.array(z.string()).optional(),
  organizationalUnits: z.array(z.string()).optional(),
  regions: z.array(z.string()).optional(),
}) satisfies SchemaOf<Scope>;

const rollout = z.object({
  waves: z.array(z.string()).optional(),
  parallel: z.int().optional(),
  maxFailures: z.int().optional(),
  maxFailurePercent: z.number().optional(),
  resumedAt: time.optional().describe('Failures before this time no longer count'),
}) satisfies SchemaOf<RolloutPlan>;

export const runSchema = z.object({
  id: z.uuid(),
  kind: z.enum(['reconcile', 'preview']),
  scope: recordedScope,
  onlyChanged: z.boolean(),
  requestedBy: z.string().describe('The name of the token, or the part of the service that asked'),
  state: z.enum(['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled']),
  rollout,
  priority: z.int(),
  message: textOrNull,
  createdAt: time,
  startedAt: timeOrNull,
  plannedAt: timeOrNull.describe('When its stacks were listed; nothing begins before'),
  finishedAt: timeOrNull,
}) satisfies SchemaOf<Run>;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const valueChange = z.object({
  old: scalar.optional(),
  new: scalar.optional(),
}) satisfies SchemaOf<ValueChange>;

const change = z.object({
  operation: z.string(),
  type: z.string(),
  name: z.string(),
  properties: z.array(z.string()),
  values: z
    .record(z.string(), valueChange)
    .optional()
    .describe('Old and new values of properties, where they are short and not secret'),
}) satisfies SchemaOf<ResourceChange>;

const runStack = z.object({
  key: z.string(),
  state: z.enum([
    ...(['pending', 'admitted', 'running', 'succeeded', 'unchanged', 'failed'] as const),
    ...(['unreachable', 'skipped'] as const),
  ]),
  wave: z.int(),
  attempts: z.int(),
  changes: z.array(change),
  drift: z.array(change),
  message: textOrNull,
  startedAt: timeOrNull,
  finishedAt: timeOrNull,
}) satisfies SchemaOf<RunStack>;

export const runStackStates = runStack.shape.state.options;

export const runsSchema = z.object({ runs: z.array(runSchema), ...pageFields });
export const runWithStacksSchema = runSchema.extend({
  counts: z.record(z.string(), z.int()).describe('How many of its stacks are in each state'),
  stacks: z
    .array(runStack)
    .describe('Stacks that changed since, the latest change last; a stack may come twice'),
  next: z.string().describe('What `since` of the next request is: for the next page, or for later changes'),
  more: z.boolean().describe('Whether the next page is there already'),
});
