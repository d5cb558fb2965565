import type { Aws } from '../aws/clients.ts';
import type { Engine } from '../pulumi/engine.ts';
import type { Settings } from '../settings/environment.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Meter } from '../telemetry/metrics.ts';

export type OffboardingSettings = Pick<
  Settings,
  | 'hub'
  | 'regions'
  | 'layout'
  | 'organizationalUnits'
  | 'exclude'
  | 'shrinkPercent'
  | 'deleteLimit'
  | 'alarmTopicArn'
>;

export interface OffboardingContext {
  readonly store: Store;
  readonly engine: Pick<Engine, 'operate' | 'exportState' | 'forget'>;
  readonly aws: Pick<Aws, 'ec2' | 'caller' | 'accessRoleArn' | 'sns'>;
  readonly settings: OffboardingSettings;
  readonly log: Logger;
  readonly meter: Pick<Meter, 'stack'>;
  /** Has keys reconciled soon; `organization` may be among them. */
  readonly enqueue: (keys: readonly string[], priority?: number) => Promise<void>;
  /** For what people are told; what is decided by time is decided by the store's. */
  readonly now: () => Date;
  /** Why nothing may be taken away or given another policy, where living workers differ. */
  readonly configurationMismatch?: (() => Promise<string | undefined>) | undefined;
}
