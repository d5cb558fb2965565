import { createHash } from 'node:crypto';
import type { Fleet } from './desired.ts';

/**
 * Names what the fleet as a whole is to be: the programs and the settings that every member stack follows from. While
 * it changes, stacks that are well keep what they have until a roll-out comes to them; what changes in one account
 * alone, such as its Regions, is made at once.
 */
export const releaseOf = (fleet: Fleet): string => {
  const {
    partition,
    organizationId,
    hub,
    layout,
    controlTowerRegion,
    narrowing,
    securityHub,
    trails = 'report',
    logRetentionDays,
    programVersion,
  } = fleet;
  const parts = [
    partition,
    organizationId,
    hub,
    layout,
    controlTowerRegion,
    narrowing,
    securityHub,
    trails === 'create' && logRetentionDays,
    programVersion,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
};
