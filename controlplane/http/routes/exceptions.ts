import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { exceptionStates, exceptionViews, viewOfStored } from '../../remediations/exception-view.ts';
import { planRestore, restoreRequestSchema } from '../../remediations/restore/plan.ts';
import { requestHubRun } from '../../remediations/restore/restorer.ts';
import { viewOfRestore } from '../../remediations/restore/view.ts';
import { PortcullisError } from '../../settings/errors.ts';
import { pageOf } from '../../store/database/page.ts';
import type { RemediationRecord } from '../../store/remediations.ts';
import type { Store } from '../../store/store.ts';
import { endedExceptionSchema, exceptionsSchema, restoreSchema } from '../schemas/exception.ts';
import { answerPage, pageParameters } from './page.ts';
import { ok, type Route, recordOf, route, unknownId } from './route.ts';

/** The remediation of an id `<eventId>:<groupId>`, or of an event id alone if the event is about one group. */
async function remediationOf(store: Store, id: string): Promise<RemediationRecord> {
  const whole = await store.remediations.ofEvent(id);
  const found = whole.length > 0 ? whole : await named(store, id);
  const [only, ...others] = found;
  if (!only) throw unknownId('remediation', id, '/v1/remediations');
  if (others.length > 0) {
    const ids = found.map((each) => each.id).join(', ');
    throw new PortcullisError('conflict', `event ${id} is about several groups; name one of ${ids}`);
  }
  return only;
}

async function named(store: Store, id: string): Promise<RemediationRecord[]> {
  const cut = id.lastIndexOf(':');
  if (cut < 0) return [];
  return (await store.remediations.ofEvent(id.slice(0, cut))).filter((each) => each.id === id);
}

/** Restoring revoked rules, and the exceptions that this needs. */
export const exceptionRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/remediations/:id/restore',
    summary: 'Restore the rules that a remediation revoked, with an exception for them',
    role: 'admin',
    body: restoreRequestSchema,
    returns: restoreSchema,
    answers: {
      202: 'The restore, recorded: first the hub gets the exception, then the rules are restored',
      400: 'The body names the field that is wrong',
      404: 'No such remediation',
      409: 'There is nothing to restore, or it has a restore already; the message says what to do',
    },
    async handle({ store, restores }, { parameters: { id = '' }, body, caller }) {
      const remediation = await remediationOf(store, id);
      const asked = { id: randomUUID(), by: caller, at: new Date() };
      const restore = await restores.request(planRestore(remediation, body, asked));
      return { status: 202, body: viewOfRestore(restore), location: `/v1/restores/${restore.id}` };
    },
  }),
  route({
    method: 'get',
    path: '/v1/restores/:id',
    summary: 'One restore: pending, exception-deployed, restored, or failed with the reason',
    role: 'viewer',
    returns: restoreSchema,
    answers: { 200: 'The restore', 404: 'No such restore' },
    async handle({ store }, { parameters: { id = '' } }) {
      return ok(viewOfRestore(await recordOf('restore', id, store.restores.get)));
    },
  }),
  route({
    method: 'get',
    path: '/v1/exceptions',
    summary:
      'The exceptions of the policy file and the stored ones: active, expiring within a week, expired or ended',
    role: 'viewer',
    query: z.strictObject({ ...pageParameters, state: z.enum(exceptionStates).optional() }),
    returns: exceptionsSchema,
    answers: {
      200: 'Exceptions',
      400: 'A query parameter is wrong',
      500: 'The policy file cannot be read; the message names line and field',
    },
    async handle({ store, policy }, { query }) {
      const inFile = (await policy()).exceptions ?? [];
      const views = exceptionViews(inFile, await store.exceptions.list(), new Date());
      const answer = await answerPage('exceptions', query, async ({ state }, page) =>
        pageOf(
          views.filter((view) => state === undefined || view.state === state),
          ({ kept, name }) => [kept, name],
          page,
        ),
      );
      return ok(answer);
    },
  }),
  route({
    method: 'post',
    path: '/v1/exceptions/:name/end',
    summary: 'End a stored exception; the hub is updated without it',
    role: 'operator',
    body: z.strictObject({}),
    returns: endedExceptionSchema,
    answers: {
      202: 'The exception, ended, and the run that updates the hub',
      404: 'No such exception',
      409: 'The exception is in the policy file; end it there',
    },
    async handle({ store, queue, policy }, { parameters: { name = '' }, caller }) {
      const ended = await store.exceptions.end(name, caller);
      if (!ended) {
        const own = (await policy()).exceptions?.some((exception) => exception.name === name);
        if (!own) throw unknownId('exception', name, '/v1/exceptions');
        throw new PortcullisError(
          'conflict',
          `exception ${name} is written in the policy file; take it out there`,
        );
      }
      const run = await requestHubRun(queue, caller);
      return {
        status: 202,
        body: { exception: viewOfStored(ended, new Date()), run },
        location: `/v1/runs/${run.id}`,
      };
    },
  }),
];
