import { stalledAfter } from '../queue/result.ts';
import type { DesiredStack } from '../stacks/desired.ts';
import type { StackRecord } from '../store/stacks.ts';

/** What to do about a stack, and why. */
export type Decision =
  | { readonly do: 'up' }
  /** As declared. */
  | { readonly do: 'nothing'; readonly message: string }
  /** Of an older release, and well: its turn comes with a roll-out. */
  | { readonly do: 'hold'; readonly message: string }
  /** Never made, and a run that is to make it has not come to it, or was stopped. */
  | { readonly do: 'wait'; readonly message: string }
  /** It failed too often at this very generation. */
  | { readonly do: 'stalled'; readonly message: string };

interface Facts {
  readonly desired: Pick<DesiredStack, 'generation'>;
  readonly record: Pick<
    StackRecord,
    'conditions' | 'generation' | 'operationStartedAt' | 'failures' | 'failedGeneration' | 'release'
  >;
  /** What the fleet is to be; the hub's stack is of no release. */
  readonly release: string | undefined;
  /** `repair`: refresh and mend, whatever is recorded. `changed`: make it as declared where it is not known to be. */
  readonly asked: 'repair' | 'changed' | undefined;
}

/** Whether a stack is known to be as declared: such a one costs no operation. */
export const isCurrent = (record: Facts['record'], generation: string): boolean =>
  record.generation === generation && isWell(record);

/** Whether a stack is as it was declared last, whatever it is to be now. */
export const isWell = (record: Facts['record']): boolean =>
  record.generation !== null &&
  record.operationStartedAt === null &&
  record.conditions.Ready?.status === 'True' &&
  record.conditions.Drifted?.status !== 'True';

/** Decides about one stack. Pure. */
export function decide({ desired, record, release, asked }: Facts): Decision {
  if (asked === 'repair') return { do: 'up' };
  if (isCurrent(record, desired.generation)) return { do: 'nothing', message: 'ready at this generation' };
  if (asked) return { do: 'up' };
  if (record.failures >= stalledAfter && record.failedGeneration === desired.generation) {
    return {
      do: 'stalled',
      message: `failed ${record.failures} times; reconcile it once the reason is gone`,
    };
  }
  const wellAtOlderRelease = release !== undefined && record.release !== release && isWell(record);
  return wellAtOlderRelease
    ? { do: 'hold', message: 'of an older release; a roll-out brings it to the present one' }
    : { do: 'up' };
}
