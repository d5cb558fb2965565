import { type ArchivedStack, archivedStackColumns } from '../archived-stacks.ts';
import { type Canary, canaryColumns } from '../canaries.ts';
import { type Confirmation, type ConfirmationState, confirmationColumns } from '../confirmations.ts';
import type { Database } from '../database/database.ts';
import { type RemediationRecord, remediationColumns } from '../remediations.ts';
import type { RunStackState } from '../run-stacks.ts';
import { type Run, runColumns } from '../runs.ts';
import { type Page, type PageRequest, readPage } from './page.ts';
import { type ChangePosition, changesOf } from './run-changes.ts';

/** A lifecycle event and what it led to. */
export interface LifecycleRecord {
  readonly id: string;
  readonly name: string;
  readonly accountId: string | null;
  readonly time: Date;
  readonly action: string;
}

interface RemediationFilter {
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  readonly organizationalUnit?: string | undefined;
  readonly outcome?: string | undefined;
}

/** Lists of what happened, newest first. */
export const recordLists = ({ query }: Pick<Database, 'query'>) => ({
  runs: (
    filter: { readonly state?: string | undefined; readonly kind?: string | undefined },
    page: PageRequest,
  ): Promise<Page<Run>> =>
    readPage(
      query,
      {
        ...{ columns: runColumns, from: 'run', descending: true },
        order: [
          ['created_at', 'timestamptz'],
          ['id', 'uuid'],
        ],
        where: [
          ['state = $value', filter.state],
          ['kind = $value', filter.kind],
        ],
      },
      page,
    ),
  /** Stacks of a run that changed since a position, all of them where there is none. */
  runChanges: (runId: string, limit: number, since?: ChangePosition, state?: RunStackState) =>
    changesOf(query, runId, limit, since, state),
  remediations: (filter: RemediationFilter, page: PageRequest): Promise<Page<RemediationRecord>> =>
    readPage(
      query,
      {
        ...{ columns: remediationColumns, from: 'remediation', descending: true },
        order: [
          ['time', 'timestamptz'],
          ['event_id', 'text'],
          ['group_id', 'text'],
        ],
        where: [
          ['account_id = $value', filter.account],
          ['region = $value', filter.region],
          ['account_id in (select id from account where parents ? $value)', filter.organizationalUnit],
          ['outcome = $value', filter.outcome],
        ],
      },
      page,
    ),
  lifecycleEvents: (
    filter: { readonly account?: string | undefined },
    page: PageRequest,
  ): Promise<Page<LifecycleRecord>> =>
    readPage(
      query,
      {
        ...{ columns: 'id, name, account_id, time, action', from: 'lifecycle_event', descending: true },
        order: [
          ['time', 'timestamptz'],
          ['id', 'text'],
        ],
        where: [['account_id = $value', filter.account]],
      },
      page,
    ),
  archivedStacks: (
    filter: { readonly account?: string | undefined; readonly region?: string | undefined },
    page: PageRequest,
  ): Promise<Page<ArchivedStack>> =>
    readPage(
      query,
      {
        ...{ columns: archivedStackColumns, from: 'archived_stack', descending: true },
        order: [
          ['archived_at', 'timestamptz'],
          ['key', 'text'],
          ['since', 'timestamptz'],
        ],
        where: [
          ['account_id = $value', filter.account],
          ['region = $value', filter.region],
        ],
      },
      page,
    ),
  confirmations: (
    filter: { readonly state?: ConfirmationState | undefined },
    page: PageRequest,
  ): Promise<Page<Confirmation>> =>
    readPage(
      query,
      {
        ...{ columns: confirmationColumns, from: 'confirmation', descending: true },
        order: [
          ['opened_at', 'timestamptz'],
          ['id', 'uuid'],
        ],
        where: [['state = $value', filter.state]],
      },
      page,
    ),
  /** The canaries of a verification, by account and Region. */
  canaries: (
    verificationId: string,
    filter: {
      readonly account?: string | undefined;
      readonly region?: string | undefined;
      readonly state?: string | undefined;
    },
    page: PageRequest,
  ): Promise<Page<Canary>> =>
    readPage(
      query,
      {
        ...{ columns: canaryColumns, from: 'canary' },
        order: [
          ['account_id', 'text'],
          ['region', 'text'],
          ['id', 'uuid'],
        ],
        where: [
          ['verification_id = $value', verificationId],
          ['account_id = $value', filter.account],
          ['region = $value', filter.region],
          ['state = $value', filter.state],
        ],
      },
      page,
    ),
});
