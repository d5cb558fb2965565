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

/** Times are ISO 8601 text on this side. */
export type VerificationView = Verification & { readonly cells: readonly Canary[] };

export type SweepView = Sweep & { readonly counts: SweepCounts };

export type RunWithStacks = Run & { readonly stacks: readonly RunStack[] };

/** A run with the stacks that changed since an earlier answer; `more` where another page of them is there already. */
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
export interface Client {
  /** The service runs in this process and ends with the command. */
  readonly ownService?: true;
  reconcile(body: object): Promise<Run>;
  /** A run with the stacks that changed since `next` of an earlier answer, or with its first stacks. */
  runSince(id: string, since?: string): Promise<RunAnswer>;
  /** A run with all of its stacks. */
  run(id: string): Promise<RunWithStacks>;
  /** The latest hundred, newest first. */
  runs(): Promise<Run[]>;
  control(id: string, verb: 'pause' | 'resume' | 'cancel'): Promise<Run>;
  /** The policy in force, how the fleet is, and what waits for a person. */
  status(): Promise<FleetStatusView>;
  /** The newest results, as the API answers. */
  remediations(filter: RemediationFilter): Promise<{ remediations: RemediationRecord[] }>;
  /** One page. */
  findings(query: URLSearchParams): Promise<FindingsView>;
  finding(id: string): Promise<FindingWithHistoryView>;
  exceptions(): Promise<ExceptionView[]>;
  endException(name: string): Promise<{ exception: ExceptionView; run: Run }>;
  restore(remediation: string, body: object): Promise<RestoreView>;
  restored(id: string): Promise<RestoreView>;
  verify(scope: object): Promise<Verification>;
  verification(id: string): Promise<VerificationView>;
  sweep(scope: object): Promise<Sweep>;
  /** A sweep with its counts, and without its cells. */
  sweepState(id: string): Promise<SweepView>;
  /** So many cells at most that the sweep could not read. */
  cellsNotChecked(id: string, most: number): Promise<SweepCell[]>;
  cancelSweep(id: string): Promise<Sweep>;
  /** The CloudFormation template of the access role, as YAML. */
  accessTemplate(): Promise<string>;
  /** The latest hundred, newest first. */
  confirmations(): Promise<Confirmation[]>;
  confirmation(id: string): Promise<Confirmation>;
  scope(): Promise<ScopeView>;
  /** Why the service is not ready; undefined where it is. */
  notReady(): Promise<string | undefined>;
  answer(answer: 'confirm' | 'refuse', id: string, digest: string): Promise<Confirmation>;
  takeOver(): Promise<{ id: string; before?: string }>;
  uninstall(organizationId: string): Promise<UninstallView>;
  uninstallView(): Promise<UninstallView>;
  reinstall(): Promise<UninstallView>;
  audit(query: URLSearchParams): Promise<{ audit: AuditLine[]; next: string | null }>;
  auditCheck(): Promise<AuditCheck>;
  /** JSON lines in pieces of any length. Throws where it breaks off. */
  auditExport(query: URLSearchParams): AsyncIterable<string>;
}

/** An error of the API: problem+json. */
interface Failure {
  readonly code?: unknown;
  readonly detail?: string;
}

export function httpClient(url: string, token: string | undefined): Client {
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
      // Names and messages were written by others: the commands show them on a terminal.
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
  /** The API's message in the words of the command line. */
  const worded = (status: number, message: string): string => {
    if (status === 400) return inFlags(message);
    // The list that a message names is a command here.
    if (status !== 401) return message.replace(/GET \/v1\/(\w+) lists them/, 'portcullis $1 lists them');
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
    reconcile: (body) => ask<Run>('/v1/reconcile', body),
    audit: (query) => ask(`/v1/audit?${query}`),
    auditCheck: () => ask('/v1/audit/verify'),
    async *auditExport(query) {
      const response = await reach(`/v1/audit/export?${query}`);
      if (!response.ok || !response.body) parsed({ response, text: await response.text() });
      else yield* response.body.pipeThrough(new TextDecoderStream());
    },
    runSince,
    run: async (id) => (await runChanges(runSince, id)).run,
    runs: async () => (await ask<{ runs: Run[] }>('/v1/runs')).runs,
    control: (id, verb) => ask(`/v1/runs/${at(id)}/${verb}`, {}),
    status: () => ask('/v1/status'),
    remediations(filter) {
      const query = new URLSearchParams();
      for (const [key, value] of Object.entries(filter)) if (value) query.set(key, String(value));
      return ask(`/v1/remediations?${query}`);
    },
    findings: (query) => ask(`/v1/findings?${query}`),
    finding: (id) => ask(`/v1/findings/${at(id)}`),
    async exceptions() {
      const pages = await allPages<{ exceptions: ExceptionView[] }>('/v1/exceptions');
      return pages.flatMap(({ exceptions }) => exceptions);
    },
    endException: (name) => ask(`/v1/exceptions/${at(name)}/end`, {}),
    restore: (remediation, body) => ask(`/v1/remediations/${at(remediation)}/restore`, body),
    restored: (id) => ask(`/v1/restores/${at(id)}`),
    verify: (scope) => ask('/v1/verify', scope),
    sweep: (scope) => ask('/v1/sweeps', scope),
    sweepState: (id) => ask(`/v1/sweeps/${at(id)}?limit=1`),
    cellsNotChecked: async (id, most) =>
      (await ask<{ cells: SweepCell[] }>(`/v1/sweeps/${at(id)}?state=not-checked&limit=${most}`)).cells,
    cancelSweep: (id) => ask(`/v1/sweeps/${at(id)}/cancel`, {}),
    async verification(id) {
      const pages = await allPages<VerificationView>(`/v1/verifications/${at(id)}`);
      const [first] = pages;
      return { ...(first as VerificationView), cells: pages.flatMap(({ cells }) => cells) };
    },
    confirmations: async () =>
      (await ask<{ confirmations: Confirmation[] }>('/v1/confirmations?limit=100')).confirmations,
    confirmation: (id) => ask(`/v1/confirmations/${at(id)}`),
    scope: () => ask('/v1/scope'),
    async notReady() {
      const answer = await send('/readyz');
      if (answer.response.status !== 503) return void parsed(answer);
      return jsonOf<{ reason?: string }>(answer).reason ?? 'no reason given';
    },
    answer: (answer, id, digest) => ask(`/v1/confirmations/${at(id)}/${answer}`, { digest }),
    takeOver: () => ask('/v1/take-over', { confirm: 'take-over' }),
    uninstall: (confirm) => ask('/v1/uninstall', { confirm }),
    uninstallView: () => ask('/v1/uninstall'),
    reinstall: () => ask('/v1/reinstall', { confirm: 'reinstall' }),
    async accessTemplate() {
      const answer = await send('/v1/access-role.yaml');
      return answer.response.ok ? printable(answer.text) : parsed(answer);
    },
  };
}
