import type { FindingsView, FindingWithHistoryView } from '../../http/schemas/finding.ts';
import type { FleetStatusView } from '../../http/schemas/status.ts';
import type { ScopeView } from '../../offboarding/scope-view.ts';
import type { UninstallView } from '../../offboarding/uninstall.ts';
import type { ExceptionView } from '../../remediations/exception-view.ts';
import type { RestoreView } from '../../remediations/restore/view.ts';
import { isErrorCode, PortcullisError, reasonOf } from '../../settings/errors.ts';
import { printable, printableValues } from '../../settings/printable.ts';
import type { AuditLine } from '../../store/audit/lines.ts';
import type { AuditCheck } from '../../store/audit/seals.ts';
import type { Canary } from '../../store/canaries.ts';
import type { Confirmation } from '../../store/confirmations.ts';
import type { RemediationRecord } from '../../store/remediations.ts';
import type { RunStack } from '../../store/run-stacks.ts';
import type { Run } from '../../store/runs.ts';
import type { Sweep, SweepCell, SweepCounts } from '../../store/sweeps/sweep.ts';
import type { Verification } from '../../store/verifications.ts';
import { inFlags } from '../arguments/values.ts';
import { runChanges } from './run-changes.ts';

export type VerificationView = Verification & { readonly cells: readonly Canary[] };

export type SweepView = Sweep & { readonly counts: SweepCounts };

export type RunWithStacks = Run & { readonly stacks: readonly RunStack[] };

/** A run with the stacks that changed since an earlier answer; `more` if another page of them exists already. */
export interface RunAnswer extends RunWithStacks {
  readonly counts: Readonly<Record<string, number>>;
  readonly next: string;
  readonly more: boolean;
}

interface RemediationFilter {
  readonly account?: string | undefined;
  readonly outcome?: string | undefined;
  readonly limit?: number;
}

/** The HTTP API as the commands use it. Times are ISO 8601 text on this side. */
export interface Client extends ReturnType<typeof httpClient> {
  /** The service runs in this process and ends with the command. */
  readonly ownService?: true;
}

/** An error of the API: problem+json. */
interface Failure {
  readonly code?: unknown;
  readonly detail?: string;
}

export function httpClient(url: string, token: string | undefined) {
  const reach = (path: string, body?: object): Promise<Response> =>
    fetch(new URL(path, url), {
      method: body ? 'POST' : 'GET',
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    }).catch((cause) => {
      throw new PortcullisError('store-unreachable', `${url} does not answer: ${reasonOf(cause)}`, { cause });
    });
  const send = async (path: string, body?: object): Promise<{ response: Response; text: string }> => {
    const response = await reach(path, body);
    return { response, text: await response.text() };
  };
  const jsonOf = <T>({ response, text }: { response: Response; text: string }): T => {
    try {
      // Others wrote the names and messages, and the commands show them on a terminal.
      return JSON.parse(text, printableValues);
    } catch (cause) {
      throw new PortcullisError(
        'internal',
        `${url} answers ${response.status} without JSON: it is not Portcullis that answers there`,
        { cause },
      );
    }
  };
  const parsed = <T>(given: { response: Response; text: string }): T => {
    const { response } = given;
    const answer = jsonOf<T & Failure>(given);
    if (!response.ok) {
      const { code, detail = response.statusText } = answer;
      throw new PortcullisError(isErrorCode(code) ? code : 'internal', worded(response.status, detail));
    }
    return answer;
  };
  /** The API's message with options and commands instead of fields and routes. */
  const worded = (status: number, message: string): string => {
    if (status === 400) return inFlags(message);
    // The message names a route; for these the same list is a command.
    if (status !== 401)
      return message.replace(
        /GET \/v1\/(confirmations|exceptions|findings|remediations|runs) lists them/,
        'portcullis $1 lists them',
      );
    return token
      ? `the service at ${url} does not know this token; set PORTCULLIS_TOKEN to one that it does`
      : `the service at ${url} asks for a token; set PORTCULLIS_TOKEN`;
  };
  const ask = async <T>(path: string, body?: object): Promise<T> => parsed<T>(await send(path, body));
  const at = encodeURIComponent;
  /** The pages of a list to its end. */
  const allPages = async <T>(path: string): Promise<T[]> => {
    const pages: (T & { next?: string | null })[] = [];
    for (let next: string | null | undefined; ; ) {
      const page: T & { next?: string | null } = await ask(
        `${path}?limit=500${next ? `&cursor=${at(next)}` : ''}`,
      );
      pages.push(page);
      next = page.next;
      if (!next) return pages;
    }
  };
  const runSince = (id: string, since?: string) =>
    ask<RunAnswer>(`/v1/runs/${at(id)}?limit=500${since ? `&since=${at(since)}` : ''}`);
  return {
    reconcile: (body: object) => ask<Run>('/v1/reconcile', body),
    /** A run with the stacks that changed since `next` of an earlier answer, or with its first stacks. */
    runSince,
    /** A run with all of its stacks. */
    run: async (id: string) => (await runChanges(runSince, id)).run,
    /** The latest hundred, newest first. */
    runs: async () => (await ask<{ runs: Run[] }>('/v1/runs')).runs,
    control: (id: string, verb: 'pause' | 'resume' | 'cancel') => ask<Run>(`/v1/runs/${at(id)}/${verb}`, {}),
    /** The policy in force, the state of the fleet, and what waits for a person. */
    status: () => ask<FleetStatusView>('/v1/status'),
    /** The newest results, as the API answers. */
    remediations(filter: RemediationFilter) {
      const query = new URLSearchParams();
      for (const [key, value] of Object.entries(filter)) if (value) query.set(key, String(value));
      return ask<{ remediations: RemediationRecord[] }>(`/v1/remediations?${query}`);
    },
    /** One page. */
    findings: (query: URLSearchParams) => ask<FindingsView>(`/v1/findings?${query}`),
    finding: (id: string) => ask<FindingWithHistoryView>(`/v1/findings/${at(id)}`),
    async exceptions() {
      const pages = await allPages<{ exceptions: ExceptionView[] }>('/v1/exceptions');
      return pages.flatMap(({ exceptions }) => exceptions);
    },
    endException: (name: string) =>
      ask<{ exception: ExceptionView; run: Run }>(`/v1/exceptions/${at(name)}/end`, {}),
    restore: (remediation: string, body: object) =>
      ask<RestoreView>(`/v1/remediations/${at(remediation)}/restore`, body),
    restored: (id: string) => ask<RestoreView>(`/v1/restores/${at(id)}`),
    verify: (scope: object) => ask<Verification>('/v1/verify', scope),
    async verification(id: string): Promise<VerificationView> {
      const pages = await allPages<VerificationView>(`/v1/verifications/${at(id)}`);
      const [first] = pages;
      return { ...(first as VerificationView), cells: pages.flatMap(({ cells }) => cells) };
    },
    sweep: (scope: object) => ask<Sweep>('/v1/sweeps', scope),
    /** A sweep with its counts, and without its cells. */
    sweepState: (id: string) => ask<SweepView>(`/v1/sweeps/${at(id)}?limit=1`),
    /** At most so many cells that the sweep could not read. */
    cellsNotChecked: async (id: string, most: number) =>
      (await ask<{ cells: SweepCell[] }>(`/v1/sweeps/${at(id)}?state=not-checked&limit=${most}`)).cells,
    cancelSweep: (id: string) => ask<Sweep>(`/v1/sweeps/${at(id)}/cancel`, {}),
    /** The latest hundred, newest first. */
    confirmations: async () =>
      (await ask<{ confirmations: Confirmation[] }>('/v1/confirmations?limit=100')).confirmations,
    confirmation: (id: string) => ask<Confirmation>(`/v1/confirmations/${at(id)}`),
    answer: (answer: 'confirm' | 'refuse', id: string, digest: string) =>
      ask<Confirmation>(`/v1/confirmations/${at(id)}/${answer}`, { digest }),
    scope: () => ask<ScopeView>('/v1/scope'),
    /** Why the service is not ready; undefined if it is. */
    async notReady(): Promise<string | undefined> {
      const answer = await send('/readyz');
      if (answer.response.status !== 503) return void parsed(answer);
      return jsonOf<{ reason?: string }>(answer).reason ?? 'no reason given';
    },
    takeOver: () => ask<{ id: string; before?: string }>('/v1/take-over', { confirm: 'take-over' }),
    uninstall: (organizationId: string) => ask<UninstallView>('/v1/uninstall', { confirm: organizationId }),
    uninstallView: () => ask<UninstallView>('/v1/uninstall'),
    reinstall: () => ask<UninstallView>('/v1/reinstall', { confirm: 'reinstall' }),
    audit: (query: URLSearchParams) => ask<{ audit: AuditLine[]; next: string | null }>(`/v1/audit?${query}`),
    auditCheck: () => ask<AuditCheck>('/v1/audit/verify'),
    /** JSON lines in pieces of any length. @throws if the answer ends too early */
    async *auditExport(query: URLSearchParams): AsyncGenerator<string> {
      const response = await reach(`/v1/audit/export?${query}`);
      if (!response.ok || !response.body) parsed({ response, text: await response.text() });
      else yield* response.body.pipeThrough(new TextDecoderStream());
    },
    /** The CloudFormation template of the access role, as YAML. */
    async accessTemplate(): Promise<string> {
      const answer = await send('/v1/access-role.yaml');
      return answer.response.ok ? printable(answer.text) : parsed(answer);
    },
  };
}

/** What the service answers; undefined if it has nothing of that id. */
export const ifFound = <T>(answer: Promise<T>): Promise<T | undefined> =>
  answer.catch((error) => {
    if (error instanceof PortcullisError && error.code === 'not-found') return undefined;
    throw error;
  });
