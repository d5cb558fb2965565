import type { Clock } from '../aws/clock.ts';
import type { Cloud } from '../aws/cloud.ts';
import { describeError } from '../aws/errors.ts';
import {
  type RemediationResult,
  remediationResultSchema,
  resultDetailType,
  resultSource,
} from '../contract/result.ts';

/** PutEvents takes 256 KiB an entry, its other fields included. */
const detailLimit = 240 * 1024;

/**
 * Puts one result on the org bus and gives what was sent. @throws where the bus did not take it after three tries;
 * an entry can be refused although the call succeeds.
 */
export async function publishResult(
  cloud: Pick<Cloud, 'putEvent'>,
  busArn: string,
  result: RemediationResult,
  clock: Clock,
): Promise<RemediationResult> {
  const sent = withinLimit(remediationResultSchema.parse(result));
  await publishEvent(cloud, busArn, resultDetailType, sent, clock);
  return sent;
}

/** Puts one event of ours on the org bus. @throws as `publishResult` does. */
export async function publishEvent(
  cloud: Pick<Cloud, 'putEvent'>,
  busArn: string,
  DetailType: string,
  detail: object,
  clock: Clock,
): Promise<void> {
  const Detail = JSON.stringify(detail);
  const entry = { EventBusName: busArn, Source: resultSource, DetailType, Detail };
  for (let attempt = 1; ; attempt += 1) {
    const answer = await cloud.putEvent(entry);
    if (!answer.ErrorCode && answer.EventId) return;
    const refusal = `${answer.ErrorCode}: ${answer.ErrorMessage}`;
    if (attempt === 3)
      throw new Error(`the event was not taken by ${busArn}: ${describeError(new Error(refusal))}`);
    await clock.sleep(200 * attempt);
  }
}

/** The result, with as many of its last undecided and excepted rules and findings left out as the size limit asks, and counted. */
export function withinLimit(result: RemediationResult): RemediationResult {
  const lists = {
    undecided: [...result.undecided],
    excepted: [...result.excepted],
    findings: [...result.findings],
  };
  const fitted = { ...result, ...lists };
  while (Buffer.byteLength(JSON.stringify(fitted)) > detailLimit) {
    const list = [lists.undecided, lists.excepted, lists.findings].find(({ length }) => length > 0);
    if (!list) break;
    fitted.omitted += list.splice(Math.floor(list.length / 2)).length;
  }
  return fitted;
}
