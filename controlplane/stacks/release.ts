import { createHash } from 'node:crypto';
import type { Fleet } from './desired.ts';

/**
 * Identifies the programs and settings that all member stacks depend on. When it changes, ready stacks keep their
 * release until a roll-out updates them. Changes of one account, such as its Regions, are applied at once.
 */
export const releaseOf = (fleet: Fleet): string => {
  const { permissionsBoundary, tags } = fleet;
  const parts = [
    fleet.partition,
    fleet.organizationId,
    fleet.hub,
    fleet.layout,
    fleet.controlTowerRegion,
    fleet.narrowing,
    fleet.securityHub,
    fleet.trails === 'create' && fleet.logRetentionDays,
    fleet.programVersion,
    // Only where one is set: a release of before stays the same.
    ...(permissionsBoundary || tags ? [permissionsBoundary, tags] : []),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
};
