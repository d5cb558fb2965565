import type { Condition } from './conditions.ts';

/** One account in one Region. */
export interface Cell {
  readonly accountId: string;
  readonly region: string;
}

/** A cell: what says that it is covered, and when that was last verified. */
export interface CellView {
  readonly account: string;
  readonly name: string;
  readonly region: string;
  /** The result of the trail check; `unknown` where the check itself failed. */
  readonly trail: boolean | 'unknown';
  readonly forwarding: Condition['status'];
  /** `covered`: a trail and the forwarding. `not-checked`: not read yet, or not readable. */
  readonly coverage: 'covered' | 'not-covered' | 'not-checked';
  /** Why it is not covered. `EventMissed`: a sweep found ingress that no event announced, since it was last verified. */
  readonly reason: 'EventMissed' | 'NoTrail' | 'NotForwarded' | null;
  /** `never`: nothing was tried. `no`: the last try failed. */
  readonly verified: 'yes' | 'no' | 'never';
  readonly verifiedAt: Date | null;
  readonly kind: 'end-to-end' | 'path' | null;
  /** From the call to the revoke, and to the moment that its result was recorded. */
  readonly milliseconds: number | null;
  readonly recordedMilliseconds: number | null;
  readonly failedAt: Date | null;
  readonly message: string | null;
}
