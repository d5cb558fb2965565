import { expect } from 'vitest';
import { readSettings } from '../../../../controlplane/settings/environment.ts';

/** The variables that a service needs. */
export const enough = {
  PORTCULLIS_HUB_ACCOUNT: '222222222222',
  PORTCULLIS_HUB_REGION: 'eu-west-1',
  PULUMI_CONFIG_PASSPHRASE: 'a passphrase',
};

export const read = (change: NodeJS.ProcessEnv = {}) => readSettings({ ...enough, ...change });

/** The message of the error about an environment. */
export function messageOf(reading: () => unknown): string {
  try {
    reading();
  } catch (error) {
    expect(error).toMatchObject({ name: 'PortcullisError', code: 'invalid-environment' });
    return (error as Error).message;
  }
  throw new Error('the environment is accepted');
}

export const refusal = (change: Record<string, string>): string => messageOf(() => read(change));
