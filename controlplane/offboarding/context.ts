import type { Services, Uses } from '../services/services.ts';

/** What of the services offboarding uses. */
type OffboardingServices = Uses<{
  store: true;
  engine: 'operate' | 'exportState' | 'forget';
  aws: 'ec2' | 'caller' | 'accessRoleArn' | 'sns';
  settings:
    | 'hub'
    | 'regions'
    | 'layout'
    | 'organizationalUnits'
    | 'exclude'
    | 'shrinkPercent'
    | 'deleteLimit'
    | 'alarmTopicArn';
  log: true;
  meter: 'stack';
}>;

export type OffboardingSettings = OffboardingServices['settings'];

export interface OffboardingContext extends OffboardingServices {
  /** Has keys reconciled soon; `organization` may be among them. */
  readonly enqueue: Services['queue']['enqueue'];
  /** For what people are told; what is decided by time is decided by the store's. */
  readonly now: () => Date;
  /** Why nothing may be taken away or given another policy, where living workers differ. */
  readonly configurationMismatch?: Services['workers']['configurationMismatch'] | undefined;
}
