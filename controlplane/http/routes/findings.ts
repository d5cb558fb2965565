import { z } from 'zod';
import { severities } from '../../store/findings/counts.ts';
import { exposures, findingStates } from '../../store/findings/finding.ts';
import { findingSorts } from '../../store/findings/list.ts';
import { findingsSchema, findingWithHistorySchema } from '../schemas/finding.ts';
import { account, organizationalUnit, region } from './filters.ts';
import { answerPage, pageParameters } from './page.ts';
import { ok, type Route, route, unknownId } from './route.ts';

const oneOf = <const Names extends readonly string[]>(names: Names) =>
  z.enum(names, `must be one of: ${names.join(', ')}`);
const name = z.string().min(1).max(256).optional();

const findingsQuery = z.strictObject({
  ...pageParameters,
  ...{ account, organizationalUnit, region },
  severity: oneOf(severities).optional().describe('`none`: the policy rule names no severity'),
  exposure: oneOf(exposures).optional(),
  state: oneOf(findingStates).optional(),
  owner: name.describe('The value of the tag, or the principal'),
  policyRule: name,
  olderThan: z.coerce
    .number('must be a number of days')
    .int('must be a whole number of days')
    .min(0, 'must be 0 days or more')
    .max(3650, 'must be 3650 days or less')
    .optional()
    .describe('First seen at least so many days ago'),
  sort: oneOf(findingSorts)
    .default('severity')
    .describe('`severity`: the most severe first, and of the same severity the oldest'),
});

/** The list of findings, by events and sweeps together. */
export const findingRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/findings',
    summary:
      'Ingress that the policy forbids, as events and sweeps found it, with counts by state, severity and exposure',
    role: 'viewer',
    costly: true,
    query: findingsQuery,
    returns: findingsSchema,
    answers: { 200: 'One page', 400: 'A query parameter is wrong' },
    async handle({ store }, { query }) {
      let counts: object | undefined;
      const page = await answerPage('findings', query, async (filter, request) => {
        const found = await store.findings.page(filter, request);
        counts = found.counts;
        return found;
      });
      return ok({ ...page, counts: counts ?? null });
    },
  }),
  route({
    method: 'get',
    path: '/v1/findings/:id',
    summary: 'One finding with the changes of its state, and the event that should have announced it',
    role: 'viewer',
    returns: findingWithHistorySchema,
    answers: { 200: 'The finding', 404: 'No such finding' },
    async handle({ store }, { parameters: { id = '' } }) {
      const found = await store.findings.get(id);
      if (!found) throw unknownId('finding', id, '/v1/findings');
      return ok({ ...found, missedEvent: (await store.sweeps.missed.ofFinding(id)) ?? null });
    },
  }),
];
