import { stalledAfter } from '../queue/result.ts';
import type { Reason } from '../stacks/conditions.ts';
import type { DesiredStack } from '../stacks/desired.ts';
import type { StackRecord } from '../store/stacks.ts';
import type { ReconcileContext } from './context.ts';

export type Decision =
  | { readonly do: 'up' }
  /** As declared. */
  | { readonly do: 'nothing'; readonly message: string }
  /** Of an older release, and well: its turn comes with a roll-out. */
  | { readonly do: 'hold'; readonly message: string }
  /** Never made, and a run that is to make it has not come to it, or was stopped. */
  | { readonly do: 'wait'; readonly message: string }
  /** A service control policy denied it, and the next look is not due. */
  | { readonly do: 'denied'; readonly reason: Reason; readonly message: string }
  /** It failed too often at this very generation. */
  | { readonly do: 'stalled'; readonly message: string };

interface Facts {
  readonly desired: Pick<DesiredStack, 'generation'>;
  readonly record: Pick<
    StackRecord,
    'conditions' | 'generation' | 'operationStartedAt' | 'failures' | 'failedGeneration' | 'release'
  >;
  /** The desired release; undefined for the hub, which has none. */
  readonly release: string | undefined;
  /** `repair`: refresh and fix always. `changed`: apply only when the stack is not current. */
  readonly asked: 'repair' | 'changed' | undefined;
  /** Whether a stack that a service control policy denied may be tried again. */
  readonly isLookDue?: boolean;
}

/** Whether the stack is at its desired generation, so that no operation is needed. */
export const isCurrent = (record: Facts['record'], generation: string): boolean =>
  record.generation === generation && isWell(record);

/** Whether the stack is ready at its last applied generation, which may differ from the desired one. */
export const isWell = (record: Facts['record']): boolean =>
  record.generation !== null &&
  record.operationStartedAt === null &&
  record.conditions.Ready?.status === 'True' &&
  record.conditions.Drifted?.status !== 'True';

/** Pure. */
export function decide({ desired, record, release, asked, isLookDue = true }: Facts): Decision {
  if (asked === 'repair') return { do: 'up' };
  const { Ready } = record.conditions;
  if (!isLookDue && Ready) return { do: 'denied', reason: Ready.reason, message: Ready.message };
  if (isCurrent(record, desired.generation)) return { do: 'nothing', message: 'ready at this generation' };
  if (asked) return { do: 'up' };
  if (record.failures >= stalledAfter && record.failedGeneration === desired.generation) {
    return {
      do: 'stalled',
      message: `failed ${record.failures} times; fix the cause, then reconcile it`,
    };
  }
  const wellAtOlderRelease = release !== undefined && record.release !== release && isWell(record);
  return wellAtOlderRelease
    ? { do: 'hold', message: 'of an older release; a roll-out updates it' }
    : { do: 'up' };
}

/** The decision, or `up` where a look without the engine finds a stack that is ready in another form than declared. */
export async function afterLook(
  { key, log }: Pick<ReconcileContext, 'key' | 'log'>,
  decision: Decision,
  look: () => Promise<string | undefined> | undefined,
): Promise<Decision> {
  const found = decision.do === 'nothing' ? await look() : undefined;
  if (!found) return decision;
  log.warn({ key }, found);
  return { do: 'up' };
}
