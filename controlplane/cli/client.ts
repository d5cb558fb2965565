import { PortcullisError, reasonOf } from '../errors.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Run, RunStack } from '../store/runs.ts';
import type { StackRecord } from '../store/stacks.ts';

export type RunWithStacks = Run & { readonly stacks: readonly RunStack[] };

/** The HTTP API as the commands use it. Times are ISO 8601 text on this side. */
export interface Client {
  reconcile(body: object): Promise<Run>;
  run(id: string): Promise<RunWithStacks>;
  accounts(): Promise<AccountRecord[]>;
  stacks(): Promise<StackRecord[]>;
}

export function httpClient(url: string, token: string | undefined): Client {
  const ask = async <T>(path: string, body?: object): Promise<T> => {
    const response = await fetch(new URL(path, url), {
      method: body ? 'POST' : 'GET',
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    }).catch((cause) => {
      throw new PortcullisError('store-unreachable', `${url} does not answer: ${reasonOf(cause)}`, { cause });
    });
    const answer = (await response.json()) as T & { error?: { message: string } };
    if (!response.ok)
      throw new PortcullisError('invalid-request', answer.error?.message ?? response.statusText);
    return answer;
  };
  return {
    reconcile: (body) => ask<Run>('/v1/reconcile', body),
    run: (id) => ask<RunWithStacks>(`/v1/runs/${id}`),
    accounts: async () => (await ask<{ accounts: AccountRecord[] }>('/v1/accounts')).accounts,
    stacks: async () => (await ask<{ stacks: StackRecord[] }>('/v1/stacks')).stacks,
  };
}
