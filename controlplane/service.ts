import { join } from 'node:path';
import { awsClients } from './aws/clients.ts';
import { requireHubRegion } from './aws/hub-checks.ts';
import { startAuditKeeper } from './background/audit-keeper.ts';
import { readiness } from './background/readiness.ts';
import { startBackground } from './background/start.ts';
import { servedTokens } from './http/access/local-token.ts';
import { application, listen } from './http/server.ts';
import { type FrontDoor, frontDoor } from './http/starting.ts';
import { announceQuestion } from './offboarding/announce.ts';
import { createOffboarding } from './offboarding/offboarding.ts';
import { accessTemplateFor } from './organization/access/template.ts';
import { hubInstallation } from './organization/installation.ts';
import { regionNames } from './organization/region-names.ts';
import { awsPluginGate } from './pulumi/aws-plugin.ts';
import { enginePool } from './pulumi/pool.ts';
import { openBoss } from './queue/boss.ts';
import { keyQueue } from './queue/key-queue.ts';
import { keyWorker } from './queue/key-worker.ts';
import { openLeases } from './queue/leases.ts';
import { createShutdown, type Shutdown } from './queue/shutdown.ts';
import { joinWorkers } from './queue/workers.ts';
import type { ReconcileServices } from './reconcile/context.ts';
import { hubBundler } from './reconcile/hub-bundle.ts';
import { keyReconciler } from './reconcile/key.ts';
import { organizationFact } from './reconcile/organization.ts';
import { policyInForce } from './reconcile/policy-in-force.ts';
import { messageConsumers } from './remediations/consumers.ts';
import { restoreQueue } from './remediations/restore/queue.ts';
import { restorer } from './remediations/restore/restorer.ts';
import { advanceRun } from './runs/advance.ts';
import { runQueue } from './runs/queue.ts';
import type { Services } from './services/services.ts';
import type { Settings } from './settings/environment.ts';
import { readPolicyFile } from './settings/policy.ts';
import { serviceLinksIgnored } from './settings/service-links.ts';
import { programVersion, version } from './stacks/generation.ts';
import { awaited } from './stacks/key.ts';
import { openDatabase } from './store/database/database.ts';
import { lockData } from './store/database/directory-lock.ts';
import type { RunRequest } from './store/runs.ts';
import { openStore } from './store/store.ts';
import { startSweeper } from './sweep/fleet/start.ts';
import { metricsText } from './telemetry/database-metrics.ts';
import type { Logger } from './telemetry/log.ts';
import { createMeter, metricsRegistry } from './telemetry/metrics.ts';
import { coverageAnnouncer } from './trails/announcer.ts';
import { trailOwner } from './trails/owner.ts';
import { startVerifier } from './verify/start.ts';

export { version };

export interface Service {
  readonly url: string;
  /** Takes nothing more, aborts work in progress and releases all resources; abandons unfinished work after 75 s. */
  stop(): Promise<void>;
}

interface ServiceOptions {
  /** Whether it starts on a hub of another installation, only to take it over. */
  readonly takingOver?: boolean;
  /** Whether it receives lifecycle events and results and reconciles periodically; a one-off command does not. */
  readonly standing: boolean;
  /** Aborted: a start that waits for its database ends. */
  readonly signal?: AbortSignal;
}

/** Time limit for all work in progress at a stop, milliseconds. */
const graceMs = 60_000;

/** The database with its store, AWS, the engine and the metrics. */
async function foundations(
  settings: Settings,
  log: Logger,
  shutdown: Shutdown,
  door: FrontDoor,
  { standing, signal }: ServiceOptions,
) {
  await readPolicyFile(settings);
  const warn = (error: Error) => {
    log.warn({ error: error.message }, 'database');
    door.waitFor(error.message);
  };
  // A supervisor restarts a service that ends, so the service waits and logs the reason.
  const patience = standing ? Number.POSITIVE_INFINITY : undefined;
  const database = await openDatabase(settings, warn, patience, signal);
  door.waitFor(undefined);
  shutdown.register('database', database.close);
  const store = openStore(database);
  const registry = metricsRegistry(version);
  const meter = createMeter(registry);
  const aws = awsClients(settings, { onThrottle: meter.throttled });
  const regions = regionNames({ aws, settings, facts: store.facts });
  await regions.requireSettings();
  let living = 1;
  const onShare = (count: number) => {
    living = count;
    aws.share(count);
  };
  const alone = database.kind === 'pglite';
  const workers = await joinWorkers({ store, settings, log, shutdown, alone, onShare });
  const engine = enginePool(settings, settings.parallel);
  shutdown.register('engine', engine.stop);
  const installation = hubInstallation({ store, aws, settings, log });
  const base = {
    ...{ settings, log, shutdown, database, store, registry, meter, aws, engine, installation, regions },
  };
  return { ...base, workers, living: () => living };
}

type Foundations = Awaited<ReturnType<typeof foundations>>;

/** The leases, the worker and the runs. Nothing starts yet. */
function scheduler(base: Foundations) {
  const { settings, log, shutdown, database, store, workers, living, installation } = base;
  const leases = openLeases(database, log, { limits: settings.limits, workers: living });
  shutdown.register('leases', leases.stop);
  const boss = openBoss(database, log);
  const queue = keyQueue(database, boss, log, { perAccount: settings.limits.account });
  shutdown.register('key queue', queue.stop);
  const services = { ...base, leases, boss, queue, programVersion: programVersion() } satisfies Services;
  const { configurationMismatch } = workers;
  const startWork = (): Promise<void> => worker.start();
  const policy = policyInForce({ ...services, announce: (asked) => announceQuestion(services, asked) });
  const reconciling = {
    ...services,
    hubBundle: hubBundler({ policy, aws: base.aws, store, directory: join(settings.data, 'bundle') }),
    offboarding: createOffboarding({ ...services, configurationMismatch, enqueue: queue.enqueue, startWork }),
    ...{ configurationMismatch, installation, onCoverage: coverageAnnouncer(services) },
    trailOwner: trailOwner(base, async () => (await store.facts.get(organizationFact))?.updatedAt),
  } satisfies ReconcileServices;
  const advance = (id: string, signal: AbortSignal) => advanceRun(reconciling, id, signal);
  const runs = runQueue({ ...services, advance });
  const worker = keyWorker({
    queue,
    leases,
    reconcile: keyReconciler({ ...reconciling, runs }),
    log,
    // Inspections wait for AWS, not for a processor. The engine has its own limit.
    concurrent: settings.parallel * 2,
    ready: awsPluginGate(settings, (message) => log.info(message)),
    onResult: (waited, result, seconds) => {
      const { key } = awaited(waited);
      base.meter.reconciled(key.split('-')[0] ?? key, result, seconds);
    },
  });
  // A command that only previews leaves due keys to the service.
  const request = async (asked: RunRequest) => {
    await worker.start();
    return runs.request(asked);
  };
  return { ...reconciling, services, runs: { ...runs, request }, worker, policy };
}

type Scheduler = ReturnType<typeof scheduler>;

/** Starts keys, runs and restores. Closed in reverse order, the worker first. */
async function takeWork({ services, runs, worker }: Scheduler) {
  const { database, leases, queue, shutdown } = services;
  await queue.start();
  if (database.kind === 'pglite') {
    // One process per data directory: every earlier holder is dead.
    await leases.releaseDead();
    await queue.reclaim();
  }
  shutdown.register('runs', runs.stop, runs.interrupt);
  await runs.start();
  const restores = restoreQueue(services, restorer({ ...services, runs }));
  shutdown.register('restores', restores.stop, restores.interrupt);
  await restores.start();
  shutdown.register('worker', () => worker.stop(graceMs), worker.interrupt);
  return restores;
}

async function open(
  settings: Settings,
  log: Logger,
  options: ServiceOptions,
  shutdown: Shutdown,
): Promise<string> {
  const { standing, takingOver } = options;
  const onLost = (reason: string) => {
    // The data on disk was replaced: nothing may be written to it, not even at a stop.
    log.fatal({ data: settings.data }, reason);
    process.exit(1);
  };
  const lock = await lockData(settings.data, { onLost });
  // Not released while the database is still closing; the end of the process releases it.
  shutdown.register('data lock', async (whole) => whole && lock.release());
  const front = frontDoor();
  const server = await listen(front.listener, settings.host, settings.port);
  shutdown.register('http', server.close);
  const base = await foundations(settings, log, shutdown, front, options);
  const { database, store, aws, registry } = base;
  if (!takingOver) await base.installation.assertOurs();
  await requireHubRegion(aws, settings, (message) => log.warn(message));
  const working = scheduler(base);
  const { services, runs } = working;
  const since = standing ? await store.now() : undefined;
  const restores = await takeWork(working);
  if (standing) await working.worker.start();
  const consumers = messageConsumers(services);
  const verifier = await startVerifier({
    ...{ ...services, standing, receive: consumers.results.start, trailOwner: working.trailOwner },
    assertMayVerify: () => Promise.all([base.installation.assertOurs(), store.uninstall.assertInstalled()]),
  });
  const sweeper = await startSweeper({ ...services, ...working, standing });
  if (standing) startAuditKeeper(services);
  if (standing) await startBackground({ ...services, runs, restores, consumers });
  const context = {
    layout: settings.layout,
    ...{ store, queue: runs, restores, verifier, sweeper, offboarding: working.offboarding },
    ...{ installation: base.installation, assertInstalled: store.uninstall.assertInstalled },
    missing: readiness({ ...base, since }),
    requireRegions: base.regions.requireScope,
    policy: working.policy.read,
    metrics: metricsText({ registry, database, log }),
    accessTemplate: () => accessTemplateFor(aws, settings),
  };
  const tokens = await servedTokens(settings.tokens, settings.data);
  const door = { ...settings, tokens, allowedHosts: [...settings.allowedHosts, settings.host] };
  front.open(application(context, door, version, log));
  // Registered again, so that it closes before the parts that its responses need.
  shutdown.register('http', server.close);
  lock.announce(server.url);
  return server.url;
}

/**
 * Starts the control plane: database, scheduler, HTTP and, for a service, the consumers and the first listing.
 * @throws PortcullisError with the code of the failure; everything opened is closed then
 */
export async function startService(
  settings: Settings,
  log: Logger,
  options: ServiceOptions,
): Promise<Service> {
  const shutdown = createShutdown(log, { workMs: graceMs });
  if (settings.serviceLinks.length > 0) log.info({ variables: settings.serviceLinks }, serviceLinksIgnored);
  try {
    const url = await open(settings, log, options, shutdown);
    log.info({ url, layout: settings.layout, hub: settings.hub }, 'listening');
    return { url, stop: shutdown.close };
  } catch (error) {
    await shutdown.close();
    throw error;
  }
}
