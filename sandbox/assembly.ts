import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Call, Emulator } from './call.ts';
import { cloudTrail } from './cloudtrail.ts';
import { userIdentity } from './cloudtrail-record.ts';
import { type DeliveryEngine, delivery } from './delivery.ts';
import { startEmulator } from './emulator.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { type Identities, identities } from './identities.ts';
import { type Journal, journal } from './journal.ts';
import { type Organization, organization } from './organization.ts';
import { putEvents } from './put-events.ts';
import { type Regions, regions } from './regions.ts';
import { type Trails, trails } from './trails.ts';

/** The running parts of a sandbox, before anything is in it. */
export interface Assembly {
  endpoint: string;
  directory: string;
  emulator: Emulator;
  organization: Organization;
  regions: Regions;
  trails: Trails;
  journal: Journal;
  engine: DeliveryEngine;
  /** JSON documents that the gateway serves at `GET /_sandbox/<name>`. */
  documents: Record<string, () => unknown>;
  /** Idempotent. Ends every process and removes the temporary directory. */
  stop(): Promise<void>;
}

export interface AssemblyOptions {
  log?: (line: string) => void;
  /** For files of the emulator and of the provider; a temporary one, removed at the end, unless told. */
  directory?: string;
  /** Milliseconds before the first retry of a delivery or of a function; 200 unless told. */
  retryDelay?: number;
}

/** Starts the emulator and the gateway in front of it, and puts the parts together. @throws when one does not start; nothing is left then */
export async function assemble(options: AssemblyOptions = {}): Promise<Assembly> {
  const log = options.log ?? ((line) => process.stderr.write(`${line}\n`));
  const temporary = options.directory ? undefined : await mkdtemp(join(tmpdir(), 'portcullis-sandbox-'));
  const directory = options.directory ?? (temporary as string);
  const gateway = await startGateway(log);
  try {
    const running = await startEmulator(gateway.url, directory);
    const { emulator } = running;
    const known = identities(emulator);
    const entries = journal();
    const engine = delivery(emulator, entries, { log, retryDelay: options.retryDelay ?? 200 });
    const parts = compose(emulator, engine, entries, known, log);
    const documents: Assembly['documents'] = { deliveries: entries.entries };
    gateway.open({
      ...{ emulator, agent: running.agent, identities: known, interceptors: parts.interceptors },
      documents,
    });
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      await parts.organization.stop();
      await engine.stop();
      await end(gateway, running.stop, temporary);
    };
    return {
      ...{ endpoint: gateway.url.origin, directory, emulator, ...parts, journal: entries, engine, documents },
      stop: () => (stopped ??= stop()),
    };
  } catch (error) {
    await end(gateway, undefined, temporary);
    throw error;
  }
}

function compose(
  emulator: Emulator,
  engine: DeliveryEngine,
  entries: Journal,
  known: Identities,
  log: (line: string) => void,
) {
  const emit = async (event: Parameters<DeliveryEngine['publish']>[0]) => engine.publish(event);
  const identify = async (call: Call) => {
    const found = await known(call.accessKeyId);
    if (!found) throw new Error(`no identity for access key ${call.accessKeyId}`);
    return userIdentity(found, call.accessKeyId);
  };
  const accounts = organization({ emulator, emit, identify, log });
  const opened = regions(accounts);
  const covered = trails(emulator, accounts);
  const recording = cloudTrail({ engine, journal: entries, identities: known, covering: covered.covering });
  const interceptors = [
    ...accounts.interceptors,
    opened.interceptor,
    covered.interceptor,
    putEvents(engine.publish),
    recording,
  ];
  return { organization: accounts, regions: opened, trails: covered, interceptors };
}

async function end(gateway: Gateway, emulator?: () => Promise<void>, temporary?: string): Promise<void> {
  await gateway.close();
  await emulator?.();
  if (temporary) await rm(temporary, { recursive: true, force: true });
}
