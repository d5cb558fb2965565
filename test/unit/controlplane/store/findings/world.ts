import type { Query } from '../../../../../controlplane/store/database/database.ts';
import type { CellReading } from '../../../../../controlplane/store/findings/finding.ts';
import { findingId } from '../../../../../controlplane/store/findings/identity.ts';
import type { Store } from '../../../../../controlplane/store/store.ts';
import type { RemediationResult } from '../../../../../lambda/contract/result.ts';
import { databaseTest } from '../../../../worlds/database.ts';
import { cell, observed, reading } from '../../../../worlds/finding-sample.ts';
import { finding, remediation } from '../../../../worlds/remediation-sample.ts';

export const ssh = observed();
export const { groupId } = ssh;
export const id = findingId({ ...cell, ...ssh });
export const database = observed({ fromPort: 5432, toPort: 5432, ruleId: 'sgr-2', severity: 'high' });
export const databaseId = findingId({ ...cell, ...database });

/** A time within one minute. */
export const at = (second: number) => new Date(Date.UTC(2026, 2, 2, 9, 0, second)).toISOString();
export const result = (second: number, change: Partial<RemediationResult> = {}) =>
  remediation({
    ...{ eventId: `event-${second}`, time: at(second), ...{ account: cell.accountId, region: cell.region } },
    timeline: { eventTime: null, receivedAt: at(second), revokedAt: null },
    ...change,
  });
export const open = (second: number) =>
  result(second, { outcome: 'observed', findings: [finding({ action: 'observed', undo: null })] });
export const revoked = (second: number) => result(second, { findings: [finding()] });
export const clean = (second: number, change: Partial<RemediationResult> = {}) =>
  result(second, { outcome: 'clean', mode: null, ...change });

/** The findings of the database of each test. */
export function findingWorld() {
  let store: Store;
  let read: Query;
  databaseTest.beforeEach(({ database: given, store: opened }) => {
    store = opened;
    read = given.query;
  }, 60_000);
  return {
    store: () => store,
    /** Records the result of an event. */
    record: (given: RemediationResult) => store.findings.recordResult(given),
    sweep: (second: number, findings = [ssh], change: Partial<CellReading> = {}) =>
      store.findings.recordCell(reading(second, findings, change)),
    row: async (of = id) =>
      (await read<Record<string, unknown>>('select * from finding where id = $1', [of]))[0],
    /** The history of a finding, oldest first. */
    changes: async (of = id) =>
      (
        await read<{ change: string }>(
          `select coalesce(from_state, 'new') || '>' || to_state || ' ' || cause_id as change from finding_change
           where finding_id = $1 order by id`,
          [of],
        )
      ).map(({ change }) => change),
  };
}
