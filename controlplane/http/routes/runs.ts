import { z } from 'zod';
import { PortcullisError } from '../../settings/errors.ts';
import { rolloutSchema } from '../../settings/rollout.ts';
import type { ChangePosition } from '../../store/run-changes.ts';
import { runSchema, runStackStates, runsSchema, runWithStacksSchema } from '../schemas/run.ts';
import { answerPage, pageParameters } from './page.ts';
import { ok, type Route, type RouteContext, recordOf, route, uuidOf } from './route.ts';
import { askedScope, scopeOf, withScope } from './scope.ts';

const reconcileBody = withScope(
  askedScope.extend({
    preview: z
      .boolean()
      .default(false)
      .describe('A dry run: shows what would change and what drifted; changes nothing'),
    onlyChanged: z.boolean().default(false).describe('Skip stacks that are ready at the desired generation'),
    rollout: rolloutSchema
      .optional()
      .describe('Waves and limits. Without them, everything runs at once and no failure pauses the run'),
  }),
);

const changed = z.string().regex(/^\d{1,18}$/);
const positionSchema = z.strictObject({
  at: z.tuple([changed, z.string().max(300)]),
  round: changed.optional(),
});

/** @throws PortcullisError `invalid-request` where `since` is not what an answer gave */
function positionOf(since: string | undefined): ChangePosition | undefined {
  if (since === undefined) return undefined;
  try {
    const position = positionSchema.parse(JSON.parse(Buffer.from(since, 'base64url').toString('utf8')));
    if (!position.at[1].includes('\0')) return position;
  } catch {
    // Refused below.
  }
  throw new PortcullisError(
    'invalid-request',
    'since: is not `next` of an answer about a run; leave it out for all stacks',
  );
}

const controls = {
  pause: 'Pause a run: nothing more begins until it is resumed; stacks in progress are finished',
  resume: 'Resume a paused run; earlier failures no longer count against its limits',
  cancel: 'Cancel a run; stacks in progress are finished',
} as const;

const control = (verb: keyof typeof controls): Route =>
  route({
    method: 'post',
    path: `/v1/runs/:id/${verb}`,
    summary: controls[verb],
    role: 'operator',
    body: z.strictObject({}),
    returns: runSchema,
    answers: { 200: 'The run', 404: 'No such run', 409: 'The run has ended, or is not in a state for this' },
    handle: async ({ queue }: RouteContext, { parameters, caller }) =>
      ok(await queue[verb](uuidOf('run', parameters.id, '/v1/runs'), caller)),
  });

/** Runs: request, follow and control them. */
export const runRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/reconcile',
    summary: 'Request a run over the whole organization or a part of it',
    role: 'operator',
    returns: runSchema,
    body: reconcileBody,
    answers: { 202: 'The run, queued', 400: 'The body names the field that is wrong' },
    async handle({ queue, requireRegions }, { body: { preview, onlyChanged, rollout, ...asked }, caller }) {
      const scope = scopeOf(asked);
      if (scope.regions) await requireRegions(scope.regions);
      const run = await queue.request({
        kind: preview ? 'preview' : 'reconcile',
        scope,
        onlyChanged,
        requestedBy: caller,
        ...(rollout && { rollout }),
      });
      return { status: 202, body: run, location: `/v1/runs/${run.id}` };
    },
  }),
  route({
    method: 'get',
    path: '/v1/runs',
    summary: 'Runs, newest first',
    role: 'viewer',
    query: z.strictObject({
      ...pageParameters,
      state: runSchema.shape.state.optional(),
      kind: runSchema.shape.kind.optional(),
    }),
    returns: runsSchema,
    answers: { 200: 'Runs', 400: 'A query parameter is wrong' },
    handle: async ({ store }, { query }) => ok(await answerPage('runs', query, store.runs.page)),
  }),
  route({
    method: 'get',
    path: '/v1/runs/:id',
    summary:
      'One run with its stacks: wave, changes, drift, errors. With `since`, only the stacks that changed since that answer',
    role: 'viewer',
    costly: true,
    query: z.strictObject({
      limit: pageParameters.limit,
      since: z.string().max(1000).optional().describe('`next` of an earlier answer about this run'),
      state: z.enum(runStackStates).optional().describe('Only stacks in this state'),
    }),
    returns: runWithStacksSchema,
    answers: { 200: 'The run', 400: 'A query parameter is wrong', 404: 'No such run' },
    async handle({ store }, { parameters: { id = '' }, query: { limit, since, state } }) {
      // The run before its stacks: where it has ended, the stacks are as it left them.
      const run = await recordOf('run', id, store.runs.get, '/v1/runs');
      const counts = Map.groupBy(await store.runStacks.counts(id), (each) => each.state);
      const changes = await store.runStacks.changes(id, limit, positionOf(since), state);
      return ok({
        ...run,
        counts: Object.fromEntries(
          [...counts].map(([name, parts]) => [name, parts.reduce((sum, { count }) => sum + count, 0)]),
        ),
        ...{ stacks: changes.stacks, more: changes.more },
        next: Buffer.from(JSON.stringify(changes.next)).toString('base64url'),
      });
    },
  }),
  ...(Object.keys(controls) as (keyof typeof controls)[]).map(control),
];
