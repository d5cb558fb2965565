import { randomUUID } from 'node:crypto';
import {
  DescribeEventBusCommand,
  type EventBridgeClient,
  ListTagsForResourceCommand,
  TagResourceCommand,
} from '@aws-sdk/client-eventbridge';
import { installationTag, names } from '../../programs/names.ts';
import type { Uses } from '../services/services.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';

interface Context extends Uses<{ store: 'facts' | 'audit'; aws: 'eventBridge'; settings: 'hub'; log: true }> {
  /** How long an answer is reused, milliseconds. */
  readonly keptMs?: number;
}

interface InstallationFact {
  readonly id: string;
}

/** A start must not wait longer for AWS, milliseconds. */
const patienceMs = 10_000;

const isMissing = (error: unknown) => error instanceof Error && error.name === 'ResourceNotFoundException';

/** The org bus and the installation in its tag; undefined without a bus. */
async function readBus(client: EventBridgeClient) {
  const abortSignal = AbortSignal.timeout(patienceMs);
  try {
    const { Arn: arn } = await client.send(new DescribeEventBusCommand({ Name: names.bus }), { abortSignal });
    const { Tags = [] } = await client.send(new ListTagsForResourceCommand({ ResourceARN: arn }), {
      abortSignal,
    });
    return { arn, installation: Tags.find(({ Key }) => Key === installationTag)?.Value };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Which installation the hub belongs to. Two that reconcile one organization would undo each other's work. */
export function hubInstallation({ store, aws, settings, log, keptMs = 30_000 }: Context) {
  const { accountId, region } = settings.hub;
  const client = () => aws.eventBridge(accountId, region);
  /** This installation's id, created once per database. */
  const id = async (): Promise<string> => {
    const { id } = await store.facts.getOrSet<InstallationFact>('installation', { id: randomUUID() });
    return id;
  };
  let lastRefusal: string | undefined;
  let isKnown = false;
  const read = async (): Promise<string | undefined> => {
    const mine = await id();
    try {
      const other = (await readBus(await client()))?.installation;
      const isForeign = other !== undefined && other !== mine;
      lastRefusal = isForeign
        ? `the hub in account ${accountId}, ${region}, belongs to installation ${other}, and this one is ${mine}: ` +
          'stop the other control plane, then run portcullis take-over'
        : undefined;
      isKnown = true;
    } catch (error) {
      log.warn({ error: reasonOf(error) }, 'which installation the hub belongs to cannot be read');
    }
    return lastRefusal;
  };
  let latest: { at: number; refusal: Promise<string | undefined> } | undefined;
  const refusalWithin = (withinMs: number) => {
    if (!latest || performance.now() - latest.at > Math.min(withinMs, keptMs))
      latest = {
        at: performance.now(),
        refusal: read().catch((error) => {
          latest = undefined; // retry at once after a database failure
          throw error;
        }),
      };
    return latest.refusal;
  };
  /** @throws PortcullisError `other-installation` on a refusal; `withinMs`: how old the answer may be */
  const assertOurs = async (withinMs = keptMs): Promise<void> => {
    const message = await refusalWithin(withinMs);
    if (message) throw new PortcullisError('other-installation', message);
  };
  return {
    id,
    /**
     * Why nothing may be changed: the hub has the id of another installation. Undefined when it has this one's or none
     * (not created yet, or from a release without ids). When it cannot be read, the last answer counts and the log
     * reports it; before the first answer nothing is refused, because an unreadable hub cannot be changed either.
     */
    refusal: () => refusalWithin(keptMs),
    assertOurs,
    /** For what works while the hub cannot be read, such as its queues. @throws also until the hub was read once */
    async assertKnownOurs(withinMs: number) {
      await assertOurs(withinMs);
      if (!isKnown) throw new Error('which installation the hub belongs to could not be read yet');
    },
    /** Returns the previous id. @throws PortcullisError `not-found` when there is no hub */
    async takeOver(who: string) {
      const mine = await id();
      const bus = await readBus(await client());
      if (!bus) {
        throw new PortcullisError(
          'not-found',
          `there is no hub in account ${accountId}, ${region}; portcullis reconcile --all creates it`,
        );
      }
      // The line comes first: an act without an audit line must not happen.
      await store.audit.append({
        who,
        what: 'hub taken over',
        details: { id: mine, before: bus.installation },
      });
      const tag = { Key: installationTag, Value: mine };
      await (await client()).send(new TagResourceCommand({ ResourceARN: bus.arn, Tags: [tag] }));
      latest = undefined;
      lastRefusal = undefined;
      return { id: mine, before: bus.installation };
    },
  };
}

export type Installation = ReturnType<typeof hubInstallation>;
