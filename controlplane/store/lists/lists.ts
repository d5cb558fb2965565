import type { Database } from '../database/database.ts';
import { findingLists } from './findings.ts';
import { fleetLists } from './fleet.ts';
import { recordLists } from './records.ts';
import { statusReads } from './status.ts';
import { sweepLists } from './sweeps.ts';

/** What people and programs read of the store: every list in pages, and the state of the fleet in counts. */
export const listStore = (database: Pick<Database, 'query'>) => ({
  ...fleetLists(database),
  ...recordLists(database),
  ...sweepLists(database),
  ...findingLists(database),
  ...statusReads(database),
});

export type ListStore = ReturnType<typeof listStore>;
