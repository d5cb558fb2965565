import type { FileDatabase } from '../../../worlds/database.ts';
import { createWorld } from '../../../worlds/reconcile.ts';

/** A new world over the database of a test. */
export const reconcileWorld = ({ database, store }: Pick<FileDatabase, 'database' | 'store'>) => ({
  ...{ database, store },
  ...createWorld(store, database),
});

export type ReconcileWorld = ReturnType<typeof reconcileWorld>;
