import { isErrorCode, PortcullisError, reasonOf } from '../errors.ts';
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
  /** The newest results, so many at most, as the API answers. */
  remediations(limit: number): Promise<unknown>;
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
    const text = await response.text();
    let answer: T & { error?: { code?: unknown; message?: string } };
    try {
      answer = JSON.parse(text);
    } catch (cause) {
      throw new PortcullisError(
        'internal',
        `${url} answers ${response.status} without JSON: it is not Portcullis that answers there`,
        { cause },
      );
    }
    if (!response.ok) {
      const { code, message = response.statusText } = answer.error ?? {};
      throw new PortcullisError(isErrorCode(code) ? code : 'internal', message);
    }
    return answer;
  };
  return {
    reconcile: (body) => ask<Run>('/v1/reconcile', body),
    run: (id) => ask<RunWithStacks>(`/v1/runs/${id}`),
    accounts: async () => (await ask<{ accounts: AccountRecord[] }>('/v1/accounts')).accounts,
    stacks: async () => (await ask<{ stacks: StackRecord[] }>('/v1/stacks')).stacks,
    remediations: (limit) => ask(`/v1/remediations?limit=${limit}`),
  };
}
