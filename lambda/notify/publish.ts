import type { Clock } from '../aws/clock.ts';
import type { Cloud } from '../aws/cloud.ts';
import { describeError } from '../aws/errors.ts';
import { type RemediationResult, resultDetailType, resultSource } from '../contract/result.ts';

/** A PutEvents entry has at most 256 KiB, including its other fields. */
const detailLimit = 240 * 1024;

/**
 * Publishes one result on the org bus, in parts when it is too large for one event. @throws when the bus refused a part
 * three times; an entry can be refused although the call succeeds.
 */
export async function publishResult(
  cloud: Pick<Cloud, 'putEvent'>,
  busArn: string,
  result: RemediationResult,
  clock: Clock,
): Promise<void> {
  for (const part of partsOf(result)) await publishEvent(cloud, busArn, resultDetailType, part, clock);
}

/** Publishes one event on the org bus. @throws as `publishResult` does. */
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

type Lists = Pick<RemediationResult, 'findings' | 'excepted' | 'undecided'>;
const none = (): Lists => ({ findings: [], excepted: [], undecided: [] });
const listNames = ['findings', 'excepted', 'undecided'] as const;
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/**
 * The result as events: whole, or in numbered parts that each have its header and some of its findings, excepted and
 * undecided rules. An entry that alone exceeds the limit is left out, and the last part counts it.
 */
export function partsOf(result: RemediationResult): RemediationResult[] {
  if (bytesOf(result) <= detailLimit) return [result];
  // Placeholders with as many digits as any number of parts and of omitted entries can have.
  const room = detailLimit - bytesOf({ ...result, ...none(), omitted: 9_999_999, part: 9_999, parts: 9_999 });
  let { omitted } = result;
  const shares = [none()];
  let left = room;
  for (const name of listNames)
    for (const entry of result[name]) {
      const size = bytesOf(entry) + 1; // and a comma
      if (size > room) {
        omitted += 1;
        continue;
      }
      if (size > left) {
        shares.push(none());
        left = room;
      }
      left -= size;
      (shares.at(-1)?.[name] as (typeof entry)[] | undefined)?.push(entry);
    }
  const parts = shares.length;
  if (parts === 1) return [{ ...result, ...shares[0], omitted }];
  return shares.map((share, index) => ({
    ...{ ...result, ...share, part: index + 1, parts },
    omitted: index + 1 === parts ? omitted : 0,
  }));
}

/**
 * The result as one message. Its last undecided, excepted and finding entries are left out until it fits, and counted.
 */
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
