import type { Services, Uses } from '../services/services.ts';

type OffboardingServices = Uses<{
  store: true;
  engine: 'operate' | 'exportState' | 'forget';
  aws: 'ec2' | 'caller' | 'accessRoleArn' | 'sns';
  settings:
    | 'hub'
    | 'deployerRoleArn'
    | 'externalId'
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
  /** Accepts `organization` too. */
  readonly enqueue: Services['queue']['enqueue'];
  /** Starts the worker of a process that has not started it yet. */
  readonly startWork?: (() => Promise<void>) | undefined;
  /** For timestamps that people read. Decisions by time use the store's clock. */
  readonly now: () => Date;
  /** Why nothing may be deleted and no other policy applied: live workers have different configurations. */
  readonly configurationMismatch?: Services['workers']['configurationMismatch'] | undefined;
}
