import { z } from 'zod';
import { Refusal } from '../gateway/refusal.ts';
import { accountView, constraint, findAccount } from './graph.ts';
import type { Context, Operation } from './operation.ts';
import { accountId, operation, page, paging } from './operation.ts';

const principal = z.string().regex(/^[\w+=,.@-]{1,128}$/);
const access = z.object({ ServicePrincipal: principal });
const delegation = z.object({ AccountId: accountId, ServicePrincipal: principal });

/** Trusted access of services, and the member accounts that may act for the management account. */
export const delegationOperations: Record<string, Operation> = {
  EnableAWSServiceAccess: operation('management', access, ({ graph }, input) => {
    if (!graph.serviceAccess.has(input.ServicePrincipal)) {
      graph.serviceAccess.set(input.ServicePrincipal, Date.now());
    }
    return {};
  }),
  DisableAWSServiceAccess: operation('management', access, ({ graph }, input) => {
    graph.serviceAccess.delete(input.ServicePrincipal);
    return {};
  }),
  ListAWSServiceAccessForOrganization: operation('administrator', z.object(paging), ({ graph }, input) =>
    page('EnabledServicePrincipals', input, graph.serviceAccess, (since, ServicePrincipal) => ({
      ServicePrincipal,
      DateEnabled: since / 1000,
    })),
  ),
  RegisterDelegatedAdministrator: operation('management', delegation, register),
  DeregisterDelegatedAdministrator: operation('management', delegation, ({ graph }, input) => {
    findAccount(graph, input.AccountId);
    if (!graph.delegations.get(input.AccountId)?.delete(input.ServicePrincipal)) {
      throw new Refusal(
        'AccountNotRegisteredException',
        'The specified account is not a delegated administrator for this service.',
      );
    }
    return {};
  }),
  ListDelegatedAdministrators: operation(
    'administrator',
    z.object({ ServicePrincipal: principal.optional(), ...paging }),
    ({ graph }, input) => {
      const found = [...graph.delegations].filter(([, services]) =>
        input.ServicePrincipal === undefined ? services.size > 0 : services.has(input.ServicePrincipal),
      );
      return page('DelegatedAdministrators', input, found, (services, id) => ({
        ...accountView(graph, findAccount(graph, id)),
        DelegationEnabledDate: Math.min(...services.values()) / 1000,
      }));
    },
  ),
  ListDelegatedServicesForAccount: operation(
    'administrator',
    z.object({ AccountId: accountId, ...paging }),
    ({ graph }, input) => {
      findAccount(graph, input.AccountId);
      const services = graph.delegations.get(input.AccountId) ?? new Map<string, number>();
      return page('DelegatedServices', input, services, (since, ServicePrincipal) => ({
        ServicePrincipal,
        DelegationEnabledDate: since / 1000,
      }));
    },
  ),
};

function register({ graph }: Context, input: z.infer<typeof delegation>): object {
  const account = findAccount(graph, input.AccountId);
  if (account.id === graph.managementAccountId) {
    throw constraint(
      'CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR',
      "You can't register the management account as a delegated administrator.",
    );
  }
  if (account.state !== 'ACTIVE') {
    throw constraint(
      'CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR',
      "You can't register a suspended account as a delegated administrator.",
    );
  }
  if (!graph.serviceAccess.has(input.ServicePrincipal)) {
    throw constraint('SERVICE_ACCESS_NOT_ENABLED', 'Enable trusted access for the service first.');
  }
  const services = graph.delegations.get(account.id) ?? new Map<string, number>();
  if (services.has(input.ServicePrincipal)) {
    throw new Refusal(
      'AccountAlreadyRegisteredException',
      'The specified account is already a delegated administrator for this service.',
    );
  }
  graph.delegations.set(account.id, services.set(input.ServicePrincipal, Date.now()));
  return {};
}
