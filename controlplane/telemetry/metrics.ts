import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { outcomes } from '../../lambda/contract/result.ts';
import { missedHops } from '../store/sweeps/missed-events.ts';

/** Each event and group counts once as `first`, and again as `later` for each change of its outcome. */
const outcomeOrders = ['first', 'later'] as const;
type OutcomeOrder = (typeof outcomeOrders)[number];

/** Events that the control plane counts. No method fails or waits. */
export interface Meter {
  stack(
    operation: 'up' | 'preview' | 'destroy',
    kind: 'hub' | 'account' | 'region',
    result: 'succeeded' | 'unchanged' | 'failed',
    seconds: number,
  ): void;
  run(kind: string, state: string): void;
  reconciled(kind: string, result: 'ok' | 'requeueAfter' | 'error' | 'terminal', seconds: number): void;
  throttled(service: string, operation: string, scope: 'organization' | 'account'): void;
  /** The outcome of an event for a group: the first that is known, or a later one. */
  remediation(outcome: string, change: OutcomeOrder, eventToRevokedMs: number | undefined): void;
  verified(result: 'verified' | 'failed', seconds: number): void;
  /** A cell that a sweep read, or gave up. */
  swept(result: 'done' | 'not-checked', seconds: number): void;
  /** An event that never arrived, by where it was lost. */
  eventMissed(hop: string): void;
}

const nothing = () => undefined;

/** Counts nothing. */
export const silentMeter: Meter = {
  stack: nothing,
  run: nothing,
  reconciled: nothing,
  throttled: nothing,
  remediation: nothing,
  verified: nothing,
  swept: nothing,
  eventMissed: nothing,
};

const runKinds = ['reconcile', 'preview'];
const runEnds = ['succeeded', 'failed', 'cancelled'];

/** A separate registry with the metrics of the process and its version. */
export function metricsRegistry(version: string): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'portcullis_build_info',
    help: 'Always 1; the labels say which program runs.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  return registry;
}

function instruments(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name: `portcullis_${name}_total`, help, labelNames, registers });
  const durations = (name: string, help: string, buckets: number[], ...labelNames: string[]) =>
    new Histogram({ name: `portcullis_${name}_seconds`, help, buckets, labelNames, registers });
  return {
    operations: durations(
      'stack_operation_duration',
      'How long operations of the engine on stacks took, by result.',
      [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800],
      ...['operation', 'kind', 'result'],
    ),
    runs: counter('runs', 'Runs that reached a state.', 'kind', 'state'),
    reconciles: durations(
      'reconcile_duration',
      'How long it took to reconcile a key once, by result.',
      [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800],
      ...['kind', 'result'],
    ),
    throttles: counter(
      'api_throttles',
      'Answers of AWS that said to slow down.',
      ...['service', 'operation', 'scope'],
    ),
    remediations: counter(
      'remediations',
      'Outcomes of events for a security group: the first of each, and later changes of it.',
      ...['outcome', 'change'],
    ),
    latency: durations(
      'remediation_latency',
      "From CloudTrail's time of the call to the revoke.",
      [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 3600],
    ),
    verifications: durations(
      'verification_duration',
      'How long it took to verify a cell, or to find that it cannot be verified.',
      [1, 2, 5, 10, 30, 60, 120, 300, 900],
      'result',
    ),
    sweeps: durations(
      'sweep_cell_duration',
      'How long a sweep took to read a cell, or to find that it cannot be read.',
      [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
      'result',
    ),
    missed: counter(
      'events_missed',
      'Ingress that a sweep found and no event announced, by the hop at which the event was lost.',
      'hop',
    ),
  };
}

/** Counts into the registry. Series used by alerts exist from the start, at zero. */
export function createMeter(registry: Registry): Meter {
  const { operations, runs, reconciles, throttles, remediations, latency, verifications, sweeps, missed } =
    instruments(registry);
  for (const outcome of outcomes)
    for (const change of outcomeOrders) remediations.inc({ outcome, change }, 0);
  for (const kind of runKinds) for (const state of runEnds) runs.inc({ kind, state }, 0);
  for (const result of ['verified', 'failed']) verifications.zero({ result });
  for (const result of ['done', 'not-checked']) sweeps.zero({ result });
  for (const hop of missedHops) missed.inc({ hop }, 0);
  return {
    stack: (operation, kind, result, took) => operations.observe({ operation, kind, result }, took),
    run: (kind, state) => runs.inc({ kind, state }),
    reconciled: (kind, result, took) => reconciles.observe({ kind, result }, took),
    throttled: (service, operation, scope) => throttles.inc({ service, operation, scope }),
    remediation(outcome, change, eventToRevokedMs) {
      remediations.inc({ outcome, change });
      if (eventToRevokedMs !== undefined) latency.observe(Math.max(0, eventToRevokedMs) / 1000);
    },
    verified: (result, took) => verifications.observe({ result }, took),
    swept: (result, took) => sweeps.observe({ result }, took),
    eventMissed: (hop) => missed.inc({ hop }),
  };
}
