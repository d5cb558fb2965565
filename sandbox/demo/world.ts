import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { type Sandbox, startSandbox } from '../sandbox.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import type { OpenedBefore } from './opened-before.ts';
import { type SlackReceiver, startSlackReceiver } from './slack-receiver.ts';

/** The sandbox, a control plane that works on it, and a receiver for its Slack messages. */
export interface World {
  readonly sandbox: Sandbox;
  readonly controlPlane: ControlPlane;
  readonly slack: SlackReceiver;
  /** What was opened before the control plane was started, where that was asked for. */
  readonly before?: OpenedBefore;
  /** Settings of the control plane, for a shell that wants to run the CLI itself. */
  readonly environment: Record<string, string>;
  stop(): Promise<void>;
}

/**
 * Starts all three, the control plane with more settings where given; `prepare` may fill its data directory before, and
 * `open` may open ingress before there is a control plane.
 * @throws when one does not start; nothing is left behind then.
 */
export async function startWorld(
  settings: Record<string, string> = {},
  prepare: (data: string) => Promise<void> = async () => undefined,
  open?: (sandbox: Sandbox) => Promise<OpenedBefore>,
): Promise<World> {
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const data = await mkdtemp(join(tmpdir(), 'portcullis-data-'));
    closers.push(() => rm(data, { recursive: true, force: true }));
    await prepare(data);
    const sandbox = await startSandbox();
    closers.push(sandbox.stop);
    const slack = await startSlackReceiver();
    closers.push(slack.stop);
    const environment = { ...sandbox.environment, ...settings, PORTCULLIS_DATA: data };
    const { hubAccountId } = sandbox.organization;
    const secrets = new SecretsManager(sandbox.root(hubAccountId));
    await secrets.putSecretValue({
      SecretId: sandbox.environment.PORTCULLIS_SLACK_SECRET_ARN,
      SecretString: slack.url,
    });
    secrets.destroy();
    const before = await open?.(sandbox);
    const controlPlane = await startControlPlane(environment);
    closers.push(controlPlane.stop);
    return { sandbox, controlPlane, slack, environment, ...(before && { before }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
