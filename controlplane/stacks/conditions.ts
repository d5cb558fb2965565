/** `Unknown` is not `False`: the state was not or could not be observed. */
export interface Condition {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
  /** When the status last changed, ISO 8601. */
  readonly since: string;
}

export type Reason =
  | 'Succeeded'
  | 'InProgress'
  | 'Failed'
  | 'NotActive'
  | 'NotReachable'
  | 'PrerequisiteFailed'
  | 'FailedRepeatedly'
  | 'RegionDenied'
  | 'DeniedByScp'
  | 'NotReadyYet'
  | 'Waiting'
  | 'OutOfScope'
  | 'Departed'
  | 'AwaitingConfirmation'
  | 'OtherInstallation'
  | 'DriftFound'
  | 'NoDrift'
  | 'Idle'
  | 'Covered'
  | 'PartlyCovered'
  | 'NotCovered'
  | 'CheckFailed'
  | 'Verified'
  | 'NotVerified'
  | 'NeverVerified'
  | 'EventMissed'
  | 'NoDeadLetters'
  | 'DeadLettersFound';

export type ConditionType =
  | 'Ready'
  | 'Reconciling'
  | 'Stalled'
  | 'Drifted'
  | 'TrailsCovered'
  | 'EventsDelivered'
  | 'Verified';
export type Conditions = Partial<Record<ConditionType, Condition>>;

type Change = Partial<Record<ConditionType, Omit<Condition, 'since'>>>;

/** The changed conditions alone: other keys may write the others at the same time. */
export function mark(conditions: Conditions, change: Change, now: string): Conditions {
  const next: Conditions = {};
  for (const [type, condition] of Object.entries(change) as [ConditionType, Omit<Condition, 'since'>][]) {
    const before = conditions[type];
    next[type] = { ...condition, since: before?.status === condition.status ? before.since : now };
  }
  return next;
}

const set = (conditions: Conditions, change: Change, now: string): Conditions => ({
  ...conditions,
  ...mark(conditions, change, now),
});

const idle = { status: 'False', reason: 'Idle', message: '' } as const;

/** In progress, so not stalled. */
export const markReconciling = (conditions: Conditions, now: string): Conditions =>
  set(conditions, { Reconciling: { status: 'True', reason: 'InProgress', message: '' }, Stalled: idle }, now);

/** At the desired state, so neither reconciling nor drifted. */
export const markReady = (conditions: Conditions, message: string, now: string): Conditions =>
  set(
    conditions,
    {
      Ready: { status: 'True', reason: 'Succeeded', message },
      Reconciling: idle,
      Stalled: idle,
      Drifted: { status: 'False', reason: 'NoDrift', message: '' },
    },
    now,
  );

/** Not at the desired state. Drift becomes unknown. */
export const failure = (reason: Reason, message: string): Change => ({
  Ready: { status: 'False', reason, message },
  Reconciling: idle,
  Drifted: { status: 'Unknown', reason, message: 'not checked' },
});

export const markFailed = (
  conditions: Conditions,
  reason: Reason,
  message: string,
  now: string,
): Conditions => set(conditions, failure(reason, message), now);

/** Failed too often to be retried automatically. */
export const markStalled = (conditions: Conditions, message: string, now: string): Conditions =>
  set(
    conditions,
    { Stalled: { status: 'True', reason: 'FailedRepeatedly', message }, Reconciling: idle },
    now,
  );

export const markDrifted = (conditions: Conditions, drift: readonly string[], now: string): Conditions =>
  set(
    conditions,
    {
      Drifted:
        drift.length > 0
          ? { status: 'True', reason: 'DriftFound', message: drift.join('; ') }
          : { status: 'False', reason: 'NoDrift', message: '' },
    },
    now,
  );
