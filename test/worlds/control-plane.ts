import { cp } from 'node:fs/promises';
import { inject } from 'vitest';
import { startWorld, type World } from '../../sandbox/demo/world.ts';
import { blueprint } from '../../sandbox/seed/organization.ts';
import '../database-run.ts';

/** Puts a migrated database into the data directory of a control plane: making one costs seconds of a processor. */
export async function migratedDatabase(data: string): Promise<void> {
  const { image } = inject('database');
  if (image) await cp(image, data, { recursive: true });
}

/** Every account but these, for `PORTCULLIS_EXCLUDE`: the service onboards on its own all that it may. */
export const allBut = (...accounts: string[]): string =>
  [blueprint.managementAccountId, ...blueprint.members.map(({ id }) => id)]
    .filter((id) => !accounts.includes(id))
    .join(',');

/** The demo's world for the tests of a file, with the settings that they need. */
export const startTestWorld = (settings: Record<string, string> = {}): Promise<World> =>
  startWorld(settings, migratedDatabase);
