import { names, queueUrl } from '../../programs/names.ts';
import type { Aws } from '../aws/clients.ts';
import { type QueueConsumer, queueConsumer } from '../aws/sqs-consumer.ts';
import type { Services } from '../services/services.ts';
import type { TrailCheck } from '../stacks/trail-check.ts';
import type { Cell } from '../store/canaries.ts';
import { checkTrails } from '../trails/observe.ts';
import { type Verifier, verifier } from './verifier.ts';

interface VerifierContext
  extends Pick<Services, 'database' | 'boss' | 'store' | 'aws' | 'settings' | 'meter' | 'log' | 'shutdown'> {
  /** Handles a message of the results queue. */
  readonly result: (body: string) => Promise<void>;
  /** Whether the service hears results by itself, and verifies by the clock. */
  readonly standing: boolean;
}

async function trailOf(aws: Aws, { accountId, region }: Cell): Promise<TrailCheck> {
  const clientIn = (where: string) => aws.cloudTrail(accountId, where);
  const [checked] = await checkTrails(accountId, [region], clientIn);
  return checked?.trail ?? { covered: 'unknown', reason: 'the trail check gave no answer' };
}

/** Hears results for as long as somebody verifies, where the service does not hear them anyway. */
function resultConsumer({ aws, settings, log, result }: VerifierContext): QueueConsumer {
  const { accountId, region } = settings.hub;
  const name = names.resultsQueue;
  return queueConsumer({
    name,
    queueUrl: async () => queueUrl({ partition: (await aws.caller()).partition, accountId, region }, name),
    client: () => aws.sqs(accountId, region),
    handle: result,
    log,
  });
}

/** Starts to verify cells, when asked and by the clock, until the parts are closed. */
export async function startVerifier(around: VerifierContext): Promise<Verifier> {
  const { store, aws, settings, meter, log, shutdown, standing } = around;
  const stopping = new AbortController();
  const consumer = standing ? undefined : resultConsumer(around);
  const given = {
    ...{ store, aws, settings, meter, log },
    stopping: stopping.signal,
    trail: (cell: Cell) => trailOf(aws, cell),
  };
  const made = verifier(around, given, { standing, receive: () => consumer?.start() });
  const interrupt = () => {
    stopping.abort();
    made.interrupt();
    consumer?.interrupt();
  };
  const stop = async () => {
    interrupt();
    await made.stop();
    await consumer?.stop();
  };
  shutdown.register('verifier', stop, interrupt);
  await made.start();
  return made;
}
