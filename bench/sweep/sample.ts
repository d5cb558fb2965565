import { randomUUID } from 'node:crypto';
import type { Database } from '../../controlplane/store/database/database.ts';
import { openStore } from '../../controlplane/store/store.ts';
import { parsePolicy, policyDigest } from '../../lambda/policy/parse.ts';

/** Forbids SSH from the internet. */
export const sweptPolicy = parsePolicy(`version: 1
rules: [{ name: world-ssh, match: { sources: { public: { ipv4WiderThan: 16, ipv6WiderThan: 32 } }, ports: { any: [22] } }, mode: revoke, severity: high }]`);

/** As many Regions as an account has without an opt-in. */
export const seventeen: readonly string[] = [
  ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'sa-east-1', 'eu-central-1'],
  ...['eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-north-1', 'ap-south-1', 'ap-northeast-1'],
  ...['ap-northeast-2', 'ap-northeast-3', 'ap-southeast-1', 'ap-southeast-2'],
];

export const accountIds = (accounts: number): string[] =>
  Array.from({ length: accounts }, (_, index) => String(300_000_000_001 + index));

/** Requests a sweep of so many accounts; its id. */
export async function requestSample(database: Database, accounts: number): Promise<string> {
  const store = openStore(database);
  const id = randomUUID();
  const asked = { id, scope: {}, requestedBy: 'bench', policyDigest: policyDigest(sweptPolicy) };
  await store.sweeps.request(
    { ...asked, spreadSeconds: 0 },
    accountIds(accounts).map((accountId) => ({ accountId, reason: null })),
  );
  return id;
}
