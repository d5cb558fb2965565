import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventHistory } from './cloudtrail/history.ts';
import { userIdentity } from './cloudtrail/record.ts';
import { cloudTrail } from './cloudtrail/recorder.ts';
import { type Trails, trails } from './cloudtrail/trails.ts';
import { startEmulator } from './emulator/process.ts';
import { securityHub } from './emulator/security-hub.ts';
import { delivery, type EventDelivery } from './eventbridge/delivery.ts';
import { type Journal, journal } from './eventbridge/journal.ts';
import { putEvents } from './eventbridge/put-events.ts';
import { type Background, background } from './gateway/background.ts';
import type { Call, Emulator, Publish } from './gateway/call.ts';
import { type Faults, faults } from './gateway/faults.ts';
import { identities } from './gateway/identities.ts';
import { startGateway } from './gateway/server.ts';
import { type Organization, organization } from './organizations/api.ts';
import { type Regions, regions } from './organizations/regions.ts';

/** The running parts of a sandbox without any content. */
export interface Assembly {
  endpoint: string;
  directory: string;
  emulator: Emulator;
  organization: Organization;
  regions: Regions;
  trails: Trails;
  journal: Journal;
  background: Background;
  fire: EventDelivery['fire'];
  faults: Faults;
  /** JSON documents that the gateway serves at `GET /_sandbox/<name>`. */
  documents: Record<string, () => unknown>;
  /** Idempotent. Ends every process and removes the temporary directory. */
  stop(): Promise<void>;
}

export interface AssemblyOptions {
  log?: (line: string) => void;
  /** For files of the emulator; by default a temporary one that is removed at the end. */
  directory?: string;
  /** Milliseconds before the first retry of a delivery or of a function; 200 by default. */
  retryDelay?: number;
}

/**
 * Starts the emulator and the gateway in front of it, and connects the parts. @throws when a part does not start; then
 * nothing is left running
 */
export async function assemble(options: AssemblyOptions = {}): Promise<Assembly> {
  const log = options.log ?? ((line) => process.stderr.write(`${line}\n`));
  const temporary = options.directory ? undefined : await mkdtemp(join(tmpdir(), 'portcullis-sandbox-'));
  const directory = options.directory ?? (temporary as string);
  const gateway = await startGateway(log);
  const ending = [gateway.close]; // last one first
  const end = async (): Promise<void> => {
    for (const one of ending.reverse()) await one();
    if (temporary) await rm(temporary, { recursive: true, force: true });
  };
  try {
    const { emulator, agent, stop } = await startEmulator(gateway.url, directory);
    ending.unshift(stop); // after the gateway: functions still call it
    const work = background(log);
    const entries = journal();
    const { publish, fire } = delivery(emulator, entries, work, options.retryDelay ?? 200);
    const { interceptors, ...parts } = compose({
      emulator,
      publish,
      background: work,
      journal: entries,
      log,
    });
    ending.push(work.stop, parts.organization.stop);
    const documents: Assembly['documents'] = { deliveries: entries.entries };
    const struck = faults();
    gateway.open({ emulator, agent, identities: parts.identities, interceptors, faults: struck, documents });
    let stopped: Promise<void> | undefined;
    return {
      ...{
        endpoint: gateway.url.origin,
        directory,
        emulator,
        ...parts,
        journal: entries,
        background: work,
        fire,
        faults: struck,
      },
      documents,
      stop: () => {
        stopped ??= end();
        return stopped;
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

interface AssemblyContext {
  emulator: Emulator;
  publish: Publish;
  background: Background;
  journal: Journal;
  log: (line: string) => void;
}

/** The interceptors of the sandbox, in the order in which a call meets them. */
function compose({ emulator, publish, log, ...rest }: AssemblyContext) {
  const known = identities(emulator);
  const identify = async (call: Call) => {
    const found = await known(call.accessKeyId);
    if (!found) throw new Error(`no identity for access key ${call.accessKeyId}`);
    return userIdentity(found, call.accessKeyId);
  };
  const accounts = organization({ emulator, emit: async (event) => publish(event), identify, log });
  const opened = regions(accounts);
  const covered = trails(emulator, accounts);
  const history = eventHistory();
  const interceptors = [
    ...accounts.interceptors,
    opened.interceptor,
    history.interceptor,
    covered.interceptor,
    putEvents(publish),
    securityHub(),
    cloudTrail({ publish, ...rest, identities: known, covering: covered.covering, history }),
  ];
  return { organization: accounts, regions: opened, trails: covered, identities: known, interceptors };
}
