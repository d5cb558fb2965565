import type { Parts } from './handler.ts';
import type { Notification, RemediationResult } from './result.ts';
import { createSlack } from './slack.ts';

/** Tells people of a result; a channel that fails is part of the answer, never an exception. */
export interface Notifier {
  notify(result: RemediationResult): Promise<Notification>;
}

export function createNotifier({ cloud, environment, fetch, clock }: Parts): Notifier {
  const slack = createSlack(cloud, environment.slackSecretArn, fetch, clock);
  return {
    async notify(result) {
      return {
        slack: await slack.notify(result),
        sns: { status: 'not-configured' },
        securityHub: { status: 'not-configured' },
      };
    },
  };
}
