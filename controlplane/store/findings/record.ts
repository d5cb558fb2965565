import { firstRow, type Query } from '../database/query.ts';
import { type Control, controlsOf } from './controls.ts';
import type { Exposure, FindingCause, FindingState, ObservedFinding } from './finding.ts';

/** A finding as the list has it, with the content that was last read. */
export interface FindingRecord extends Omit<ObservedFinding, 'ingress' | 'exposure'> {
  readonly id: string;
  readonly accountId: string;
  readonly region: string;
  readonly policyDigest: string;
  readonly exposure: Exposure;
  readonly exposureWhy: string;
  readonly addresses: readonly string[];
  /** When a sweep read the exposure; null where none has. */
  readonly exposureReadAt: Date | null;
  readonly state: FindingState;
  readonly stateSince: Date;
  readonly firstSeen: Date;
  readonly lastSeen: Date;
  /** The newest reading that decided the state. */
  readonly readAt: Date;
  /** What saw it first, and the id of that sweep or event. */
  readonly cameIn: 'event' | 'sweep';
  readonly cameInBy: string;
  readonly controls: readonly Control[];
}

/** One change of a finding's state. */
export interface FindingChange {
  readonly at: Date;
  /** Null where the finding was new. */
  readonly from: FindingState | null;
  readonly to: FindingState;
  readonly cause: FindingCause;
  /** The id of the sweep, of the event, or of the account that left. */
  readonly causeId: string;
  readonly recordedAt: Date;
}

export const findingColumns = `id, account_id, region, group_id, group_name, vpc_id, rule_id, protocol, from_port, to_port,
  source, policy_rule, policy_digest, severity, mode, why, exceptions, exposure, exposure_why, addresses,
  exposure_read_at, case when owner is not null
    then jsonb_build_object('by', owner_by, 'tag', owner_tag, 'value', owner) end as owner,
  opened_by, state, state_since, first_seen, greatest(seen_at, gone_at) as last_seen,
  greatest(seen_at, gone_at, absent_at) as read_at, came_in, came_in_by`;

export type FindingRow = Omit<FindingRecord, 'controls'>;

export const findingOf = (row: FindingRow): FindingRecord => ({ ...row, controls: controlsOf(row) });

export interface FindingWithHistory extends FindingRecord {
  /** The newest first. */
  readonly history: readonly FindingChange[];
}

/** How many changes of one finding an answer has at most. */
const mostChanges = 500;

/** One finding with the newest changes of its state; undefined where there is none of that id. */
export async function findingById(query: Query, id: string): Promise<FindingWithHistory | undefined> {
  const row = await firstRow<FindingRow>(query, `select ${findingColumns} from finding where id = $1`, [id]);
  if (!row) return undefined;
  const history = await query<FindingChange>(
    `select at, from_state as "from", to_state as "to", cause, cause_id, recorded_at from finding_change
     where finding_id = $1 order by id desc limit ${mostChanges}`,
    [id],
  );
  return { ...findingOf(row), history };
}
