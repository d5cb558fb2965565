import type { AdvancedEventSelector, EventSelector } from '@aws-sdk/client-cloudtrail';

export type TrailKind = 'organization' | 'multi-Region' | 'single-Region';

/**
 * Why a trail does not cover a Region: there is `none`; it is a single-Region trail `elsewhere` in the account; its
 * logging is `stopped`; or its event selectors leave out what Portcullis acts on. Event data stores of CloudTrail
 * Lake are no trails: they send nothing to EventBridge.
 */
export type TrailCause = 'none' | 'elsewhere' | 'stopped' | SelectorCause;

export interface TrailProblem {
  readonly cause: TrailCause;
  readonly trailArn?: string;
  readonly message: string;
  /** One act that mends it. */
  readonly mend: string;
}

/** Something wrong with a trail that does cover: nothing is missed for it. */
export interface TrailWarning {
  readonly cause: 'log-delivery' | 'digest-delivery' | 'log-group-delivery' | 'notification' | 'redundant';
  readonly trailArn: string;
  readonly message: string;
  readonly mend: string;
}

/**
 * What the trail check found in one account and Region. `unknown` is not `uncovered`: the check itself failed. What
 * is optional is missing in checks that were stored before it was looked at.
 */
export type TrailCheck =
  | {
      readonly covered: true;
      readonly trailArn: string;
      readonly kind?: TrailKind;
      /** Further trails that cover the Region. */
      readonly also?: readonly string[];
      readonly warnings?: readonly TrailWarning[];
    }
  | { readonly covered: false; readonly reason: string; readonly problems?: readonly TrailProblem[] }
  | { readonly covered: 'unknown'; readonly reason: string };

/** One Region of an account with its trail check. */
export interface RegionCoverage {
  readonly region: string;
  readonly trail: TrailCheck;
}

/** A trail with its status and selectors, as seen from an account. */
export interface ObservedTrail extends Selectors {
  readonly arn: string;
  readonly homeRegion: string;
  readonly organization: boolean;
  readonly multiRegion: boolean;
  readonly bucket: string;
  readonly logging: boolean;
  /** Error codes of the latest deliveries that failed. */
  readonly failing: {
    readonly log?: string;
    readonly digest?: string;
    readonly logGroup?: string;
    readonly notification?: string;
  };
}

/** What a trail records: basic selectors, or advanced ones in their place. */
export interface Selectors {
  readonly eventSelectors: readonly EventSelector[];
  readonly advancedEventSelectors: readonly AdvancedEventSelector[];
}

/** Why a trail's selectors do not record every management write event that opens ingress. */
export type SelectorCause = 'no-management-events' | 'reads-only' | 'excludes-ec2' | 'partial';
