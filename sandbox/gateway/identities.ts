import type { Emulator, Identity } from './call.ts';

export type Identities = (accessKeyId: string) => Promise<Identity | null>;

/**
 * The owner of an access key; null for a key that the emulator does not know. A found key is cached: its owner never
 * changes.
 */
export function identities(emulator: Emulator): Identities {
  const known = new Map<string, Identity>();
  return async (accessKeyId) => {
    const found =
      known.get(accessKeyId) ?? ((await emulator.admin('identity', { accessKeyId })) as Identity | null);
    if (found) known.set(accessKeyId, found);
    return found;
  };
}
