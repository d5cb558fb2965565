import { readFile } from 'node:fs/promises';
import { bundleLambda } from '../lambda/bundle.ts';
import { parsePolicy } from '../lambda/policy.ts';

/** The remediation Lambda's code with a policy inside, as the hub stack deploys it. */
export interface RemediationBundle {
  readonly file: string;
  /** Names code and policy together. */
  readonly sha256: string;
}

/**
 * Makes the bundle of a policy file in a directory; equal inputs give equal bytes.
 * @throws naming the policy's line and field where it cannot be read: such a bundle is never made.
 */
export async function makeBundle(policyFile: string, directory: string): Promise<RemediationBundle> {
  return bundleLambda(parsePolicy(await readFile(policyFile, 'utf8')), directory);
}
