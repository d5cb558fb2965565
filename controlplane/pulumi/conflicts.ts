import type { Candidate } from './adoption.ts';
import type { EngineEvent } from './events.ts';

/**
 * AWS's errors about a name that exists already. Source: error sections of CreateRole, CreateFunction and AddPermission,
 * CreateLogGroup and CreateEventBus, CreateTable, CreateTrail, CreateBucket, CreateQueue, CreateEventSourceMapping.
 */
const taken =
  /EntityAlreadyExists|ResourceConflictException|ResourceAlreadyExistsException|ResourceInUseException|TrailAlreadyExistsException|BucketAlreadyOwnedByYou|BucketAlreadyExists|QueueAlreadyExists|QueueNameExists/;

/** AWS names an event source mapping by an id of its own, which is only in its error about a second one. */
const uuid = /existing mapping with UUID ([0-9a-f-]{36})/;

/** The engine's warning that the state has operations that were in progress when their process died. */
const leftOver = /pending operations? from previous deployment/;

/** What prevents one attempt at an operation, from its events. */
export interface Conflicts {
  readonly onEvent: (event: EngineEvent) => void;
  /** The resources that could not be made because they exist already. */
  taken(): readonly Candidate[];
  /** Whether the state holds creates that an earlier process left half-done. */
  leftOver(): boolean;
}

/** Collects one attempt's conflicts. */
export function recordConflicts(): Conflicts {
  const failed = new Map<string, Candidate>();
  const existing = new Map<string, string | undefined>();
  let isLeftOver = false;
  return {
    onEvent({ diagnosticEvent, resOpFailedEvent }) {
      if (diagnosticEvent && leftOver.test(diagnosticEvent.message)) isLeftOver = true;
      if (
        diagnosticEvent?.urn &&
        diagnosticEvent.severity === 'error' &&
        taken.test(diagnosticEvent.message)
      ) {
        existing.set(diagnosticEvent.urn, uuid.exec(diagnosticEvent.message)?.[1]);
      }
      const step = resOpFailedEvent?.metadata;
      if (step?.op === 'create') failed.set(step.urn, { ...step.new, urn: step.urn, type: step.type });
    },
    taken: () =>
      [...failed.values()]
        .filter(({ urn }) => existing.has(urn))
        .map((candidate) => ({ ...candidate, id: existing.get(candidate.urn) })),
    leftOver: () => isLeftOver,
  };
}
