import type { AdvancedEventSelector, EventSelector } from '@aws-sdk/client-cloudtrail';
import type { DeadLetters } from './dead-letters.ts';

export type TrailKind = 'organization' | 'multi-Region' | 'single-Region';

/**
 * Why a trail does not cover a Region: there is `none`; it is a single-Region trail `elsewhere` in the account; its
 * logging is `stopped`; or its event selectors exclude what Portcullis acts on. Event data stores of CloudTrail Lake
 * are not trails: they send nothing to EventBridge.
 */
export type TrailCause = 'none' | 'elsewhere' | 'stopped' | SelectorCause;

export interface TrailProblem {
  readonly cause: TrailCause;
  readonly trailArn?: string;
  readonly message: string;
  /** The action that fixes it. */
  readonly mend: string;
}

/** A problem of a trail that covers the Region: no event is missed. */
export interface TrailWarning {
  readonly cause: 'log-delivery' | 'digest-delivery' | 'log-group-delivery' | 'notification' | 'redundant';
  readonly trailArn: string;
  readonly message: string;
  readonly mend: string;
}

/** `unknown`: the check failed. Optional fields are missing in checks stored by earlier versions. */
export type TrailCheck =
  | {
      readonly covered: true;
      readonly trailArn: string;
      readonly kind?: TrailKind;
      readonly also?: readonly string[];
      readonly warnings?: readonly TrailWarning[];
    }
  | { readonly covered: false; readonly reason: string; readonly problems?: readonly TrailProblem[] }
  | { readonly covered: 'unknown'; readonly reason: string };

/** In `layout: account`: a service control policy denies the Region to the account. */
export interface RegionDenial {
  readonly message: string;
  /** When that was found last, ISO 8601. */
  readonly at: string;
  /** Whether the account's stack declares the Region, because it was made before. */
  readonly declared: boolean;
}

export interface RegionCoverage {
  readonly region: string;
  readonly trail: TrailCheck;
  readonly denied?: RegionDenial | undefined;
  /** Of the forwarding rule's dead-letter queue there. */
  readonly deadLetters?: DeadLetters | undefined;
}

/** A trail with its status and selectors, as read from an account. */
export interface ObservedTrail extends Selectors {
  readonly arn: string;
  readonly homeRegion: string;
  readonly organization: boolean;
  readonly multiRegion: boolean;
  readonly bucket: string;
  readonly logging: boolean;
  /** Error codes of the latest failed deliveries. */
  readonly failing: {
    readonly log?: string;
    readonly digest?: string;
    readonly logGroup?: string;
    readonly notification?: string;
  };
}

/** Basic selectors, or advanced ones instead. */
export interface Selectors {
  readonly eventSelectors: readonly EventSelector[];
  readonly advancedEventSelectors: readonly AdvancedEventSelector[];
}

/** Why a trail's selectors do not record every management write event that opens ingress. */
export type SelectorCause = 'no-management-events' | 'reads-only' | 'excludes-ec2' | 'partial';
