import { z } from 'zod';
import { policyDigest } from '../../../lambda/policy/parse.ts';
import { strongestMode } from '../../settings/policy-change.ts';
import type { FleetStatus } from '../../store/fleet/status.ts';
import { accountsSchema, stacksSchema } from '../schemas/account.ts';
import { type FleetStatusView, statusSchema } from '../schemas/status.ts';
import { coverageSchema } from '../schemas/verification.ts';
import { account, condition, organizationalUnit, region } from './filters.ts';
import { answerPage, pageParameters, shortPageParameters } from './page.ts';
import { ok, type Route, type RouteContext, route } from './route.ts';

const answers = { 200: 'One page', 400: 'A query parameter is wrong' };

/** The policy in force; `since` and `by` are null where the policy file was not put in force yet. */
async function policyOf({ policy, store }: Pick<RouteContext, 'policy' | 'store'>) {
  const [inForce, confirmed] = [await policy(), await store.policies.confirmed()];
  const digest = policyDigest(inForce);
  const known = confirmed?.digest === digest ? confirmed : undefined;
  return {
    ...{ mode: strongestMode(inForce), digest },
    ...{ since: known?.confirmedAt ?? null, by: known?.confirmedBy ?? null },
  };
}

/** A cell is protected where it is covered and the policy revokes, and observed where the policy does not. */
function protectionOf({ total }: FleetStatus, mode: string): FleetStatusView['protection'] {
  const { covered, notCovered, notChecked } = total;
  const revokes = mode === 'revoke';
  return {
    cells: total.cells,
    ...{ protected: revokes ? covered : 0, observed: revokes ? 0 : covered, notCovered, notChecked },
    accountsNotRead: total.accountsNotRead,
  };
}

/** How the organization is: in short, and each account, stack and cell. */
export const fleetRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/status',
    summary:
      'What a person must know: the policy in force, how many cells are protected, what waits and what is unhealthy',
    role: 'viewer',
    costly: true,
    returns: statusSchema,
    answers: {
      200: 'The counts, made in the database, and at most a hundred groups and fifty remarks',
      500: 'The policy file cannot be read; the message names line and field',
    },
    async handle({ policy, store, layout, offboarding }) {
      const [inForce, status, confirmations] = [
        await policyOf({ policy, store }),
        await store.fleet.status(layout),
        await store.confirmations.list(),
      ];
      const waiting = confirmations
        .filter(({ state }) => state === 'open' || state === 'refused')
        .map(({ id, kind, state, about, why, expiresAt }) => ({ id, kind, state, about, why, expiresAt }));
      const protection = protectionOf(status, inForce.mode);
      const { stacks: _, ...view } = await offboarding.uninstallView();
      const uninstall = view.state === 'none' ? null : view;
      return ok({ policy: inForce, uninstall, protection, waiting, ...status });
    },
  }),
  route({
    method: 'get',
    path: '/v1/accounts',
    summary:
      'Accounts, also those that left, with their Regions, the trail check of each, and their conditions',
    role: 'viewer',
    costly: true,
    query: z.strictObject({
      ...shortPageParameters,
      ...{ account, region, organizationalUnit, condition },
      state: z.string().max(40).optional(),
    }),
    returns: accountsSchema,
    answers,
    handle: async ({ store }, { query }) => ok(await answerPage('accounts', query, store.accounts.page)),
  }),
  route({
    method: 'get',
    path: '/v1/stacks',
    summary: 'Stacks with their conditions and generation',
    role: 'viewer',
    costly: true,
    query: z.strictObject({ ...pageParameters, account, region, organizationalUnit, condition }),
    returns: stacksSchema,
    answers,
    handle: async ({ store }, { query }) => ok(await answerPage('stacks', query, store.stacks.page)),
  }),
  route({
    method: 'get',
    path: '/v1/coverage',
    summary:
      'Cells: the trail check, the forwarding, whether both cover the cell, and when it was last verified',
    role: 'viewer',
    costly: true,
    query: z.strictObject({
      ...pageParameters,
      ...{ account, region, organizationalUnit },
      coverage: z.enum(['covered', 'not-covered', 'not-checked']).optional(),
    }),
    returns: coverageSchema,
    answers,
    async handle({ store, layout }, { query }) {
      return ok(await answerPage('cells', query, (filter, page) => store.fleet.cells(layout, filter, page)));
    },
  }),
];
