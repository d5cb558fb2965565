import { z } from 'zod';
import { PortcullisError } from '../../settings/errors.ts';
import { rolloutSchema } from '../../settings/rollout.ts';
import { runSchema, runsSchema, runWithStacksSchema } from '../schemas/run.ts';
import { ok, type Route, type RouteContext, route } from './route.ts';
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

const runIdOf = (id = ''): string => {
  if (z.uuid().safeParse(id).success) return id;
  throw new PortcullisError('not-found', `run ${id} does not exist`);
};

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
      ok(await queue[verb](runIdOf(parameters.id), caller)),
  });

/** Runs: asking for one, following it, and taking hold of it. */
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
    summary: 'The latest hundred runs, newest first',
    role: 'viewer',
    returns: runsSchema,
    answers: { 200: 'Runs' },
    handle: async ({ store }) => ok({ runs: await store.runs.list(100) }),
  }),
  route({
    method: 'get',
    path: '/v1/runs/:id',
    summary: 'One run with each of its stacks: wave, changes, drift, errors',
    role: 'viewer',
    costly: true,
    returns: runWithStacksSchema,
    answers: { 200: 'The run', 404: 'No such run' },
    async handle({ store }, { parameters: { id = '' } }) {
      const run = z.uuid().safeParse(id).success ? await store.runs.get(id) : undefined;
      if (!run) throw new PortcullisError('not-found', `run ${id} does not exist`);
      return ok({ ...run, stacks: await store.runStacks.of(id) });
    },
  }),
  ...(Object.keys(controls) as (keyof typeof controls)[]).map(control),
];
