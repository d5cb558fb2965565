import type { Candidate } from './adoption.ts';
import type { EngineEvent } from './events.ts';

/**
 * How AWS says that a name is taken. Source: error sections of CreateRole, CreateFunction and AddPermission,
 * CreateLogGroup and CreateEventBus, CreateTable, CreateTrail, CreateBucket, CreateQueue, CreateEventSourceMapping.
 */
const taken =
  /EntityAlreadyExists|ResourceConflictException|ResourceAlreadyExistsException|ResourceInUseException|TrailAlreadyExistsException|BucketAlreadyOwnedByYou|BucketAlreadyExists|QueueAlreadyExists|QueueNameExists/;

/** AWS names an event source mapping by an id of its own, which only its refusal of a second one tells. */
const uuid = /existing mapping with UUID ([0-9a-f-]{36})/;

/** The engine's warning that the state holds operations which were under way when their process died. */
const leftOver = /pending operations? from previous deployment/;

/** What stands in the way of one attempt at an operation, from its events. */
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
  const inTheWay = new Map<string, string | undefined>();
  let unsettled = false;
  return {
    onEvent({ diagnosticEvent, resOpFailedEvent }) {
      if (diagnosticEvent && leftOver.test(diagnosticEvent.message)) unsettled = true;
      if (
        diagnosticEvent?.urn &&
        diagnosticEvent.severity === 'error' &&
        taken.test(diagnosticEvent.message)
      ) {
        inTheWay.set(diagnosticEvent.urn, uuid.exec(diagnosticEvent.message)?.[1]);
      }
      const step = resOpFailedEvent?.metadata;
      if (step?.op === 'create') failed.set(step.urn, { ...step.new, urn: step.urn, type: step.type });
    },
    taken: () =>
      [...failed.values()]
        .filter(({ urn }) => inTheWay.has(urn))
        .map((candidate) => ({ ...candidate, id: inTheWay.get(candidate.urn) })),
    leftOver: () => unsettled,
  };
}
