import { z } from 'zod';
import { PortcullisError } from '../../settings/errors.ts';
import { confirmationStates } from '../../store/confirmations.ts';
import {
  archivedStacksSchema,
  confirmationSchema,
  confirmationsSchema,
  scopeViewSchema,
  takeOverSchema,
} from '../schemas/confirmation.ts';
import { account, region } from './filters.ts';
import { answerPage, pageParameters, shortPageParameters } from './page.ts';
import { ok, type Route, recordOf, route, uuidOf } from './route.ts';

const list = '/v1/confirmations';

/** The answer of a person to one confirmation. */
const answered = (answer: 'confirm' | 'refuse', summary: string): Route =>
  route({
    method: 'post',
    path: `${list}/:id/${answer}`,
    summary,
    role: 'admin',
    body: z.strictObject({
      digest: z
        .string()
        .min(1)
        .max(200)
        .describe('The digest of the confirmation, which identifies exactly what is answered'),
    }),
    returns: confirmationSchema,
    answers: {
      200: 'The confirmation, answered',
      400: 'The body names the field that is wrong',
      404: 'No such confirmation',
      409: 'The digest is of another set, or the question is closed; the message says what to do',
    },
    handle: async ({ offboarding }, { parameters: { id }, body: { digest }, caller }) =>
      ok(await offboarding[answer](uuidOf('confirmation', id, list), digest, caller)),
  });

/** What waits for a person before stacks are destroyed, the hub's owner, and what is left of archived stacks. */
export const confirmationRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/scope',
    summary:
      'The scope of the settings, the last confirmed scope, and the differences that wait for a person',
    role: 'viewer',
    costly: true,
    returns: scopeViewSchema,
    answers: { 200: 'The scope' },
    handle: async ({ offboarding }) => ok(await offboarding.scope()),
  }),
  route({
    method: 'get',
    path: list,
    summary:
      'What waits for a person (stacks to delete, a lower policy mode), and what was answered, newest first',
    role: 'viewer',
    query: z.strictObject({ ...shortPageParameters, state: z.enum(confirmationStates).optional() }),
    returns: confirmationsSchema,
    answers: {
      200: 'Confirmations, each with its kind, its digest, and its stacks or its change of the policy',
      400: 'A query parameter is wrong',
    },
    handle: async ({ store }, { query }) =>
      ok(await answerPage('confirmations', query, store.confirmations.page)),
  }),
  route({
    method: 'get',
    path: `${list}/:id`,
    summary: 'One confirmation, with all that it is about',
    role: 'viewer',
    returns: confirmationSchema,
    answers: { 200: 'The confirmation', 404: 'No such confirmation' },
    async handle({ store }, { parameters: { id = '' } }) {
      return ok(await recordOf('confirmation', id, store.confirmations.get, list));
    },
  }),
  answered('confirm', 'Confirm: destroy exactly these stacks, or put exactly this policy in force'),
  answered(
    'refuse',
    'Refuse: keep the stacks, or the policy in force; the same question is not asked for a week',
  ),
  route({
    method: 'post',
    path: '/v1/take-over',
    summary: 'Make the hub of another installation the hub of this one',
    role: 'admin',
    body: z.strictObject({
      confirm: z
        .literal('take-over', 'write "take-over"')
        .describe('Says that no other control plane works on the organization'),
    }),
    returns: takeOverSchema,
    answers: {
      200: 'The id of this installation, and the id that the hub carried before',
      404: 'There is no hub; a reconcile creates it',
    },
    handle: async ({ installation }, { caller }) => ok(await installation.takeOver(caller)),
  }),
  route({
    method: 'get',
    path: '/v1/archived-stacks',
    summary: 'Stacks whose resources are out of reach, and why, newest first',
    role: 'viewer',
    costly: true,
    query: z.strictObject({ ...pageParameters, account, region }),
    returns: archivedStacksSchema,
    answers: { 200: 'Archived stacks', 400: 'A query parameter is wrong' },
    handle: async ({ store }, { query }) =>
      ok(await answerPage('archivedStacks', query, store.archivedStacks.page)),
  }),
  route({
    method: 'get',
    path: '/v1/archived-stacks/:key/state',
    summary:
      'The archived state of a stack, in the form that `pulumi stack import` reads; secrets in it are encrypted',
    role: 'admin',
    costly: true,
    returns: z.record(z.string(), z.unknown()),
    answers: { 200: 'The deployment', 404: 'No state of such a stack was archived' },
    async handle({ store }, { parameters: { key = '' } }) {
      const state = await store.archivedStacks.state(key);
      if (state === undefined) {
        throw new PortcullisError(
          'not-found',
          `no state of ${key} was archived; GET /v1/archived-stacks lists what was`,
        );
      }
      return ok(JSON.parse(state));
    },
  }),
];
