import type { OperationRecord, ResourceChange } from '../stacks/operation-record.ts';
import { type PropertySource, valueChanges } from './property-values.ts';

interface ResourceState extends PropertySource {
  readonly parent?: string;
  readonly provider?: string;
}

interface StepMetadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old?: ResourceState;
  readonly new?: ResourceState;
  readonly detailedDiff?: Record<string, unknown>;
}

/** What is read of an engine event (source: `EngineEvent` of the Automation API). */
export interface EngineEvent {
  readonly diagnosticEvent?: { readonly severity: string; readonly message: string; readonly urn?: string };
  readonly resourcePreEvent?: { readonly metadata: StepMetadata };
  readonly resOutputsEvent?: { readonly metadata: StepMetadata };
  readonly resOpFailedEvent?: { readonly metadata: StepMetadata };
}

/** Operation names that change nothing. */
const plain = new Set(['same', 'read', 'refresh']);

export const resourceName = (urn: string): string => urn.split('::').slice(3).join('::');

// biome-ignore lint/suspicious/noControlCharactersInRegex: the engine's messages carry ANSI colour codes.
const colour = /\u001b\[[0-9;]*m|<\{%[^%]*%\}>/g;

/** The text of a diagnostic, without a first line such as `1 error occurred:`. */
function inOneLine(message: string): string {
  const lines = message.replace(colour, '').split('\n');
  const filled = lines.map((line) => line.trim().replace(/^\* /, '')).filter((line) => line !== '');
  return filled
    .filter((line, index) => filled.length === 1 || index > 0 || !/^\d+ errors? occurred:$/.test(line))
    .join(' ');
}

/** One operation's events, collected over its attempts. */
export interface EventRecorder {
  readonly onEvent: (event: EngineEvent) => void;
  /** May be asked at any time. */
  record(): OperationRecord;
  /** The operation is tried again: what failed is forgotten, what was done stays. */
  again(): void;
  /** Differences that the next refresh finds in these resources are no drift, because the state did not have them. */
  adopt(urns: readonly string[]): void;
}

/** Collects one operation's engine events. */
export function recordEvents(): EventRecorder {
  const changes = new Map<string, ResourceChange>();
  const drift: ResourceChange[] = [];
  let adopted: ReadonlySet<string> = new Set();
  let errors: string[] = [];
  let unchanged = 0;
  const refreshed = ({ urn, old, new: found }: StepMetadata, change: ResourceChange): void => {
    if (adopted.has(urn)) {
      if (found) changes.set(`adopt ${urn}`, { ...change, operation: 'adopt', properties: [] });
    } else if (old && (!found || change.properties.length > 0)) {
      drift.push({ ...change, operation: found ? 'changed' : 'deleted' });
    }
  };
  const seen = (event: EngineEvent): void => {
    const happened = event.resourcePreEvent ?? event.resOutputsEvent ?? event.resOpFailedEvent;
    const step = happened?.metadata;
    if (!step || step.type === 'pulumi:pulumi:Stack' || step.type.startsWith('pulumi:providers:')) return;
    const properties = Object.keys(step.detailedDiff ?? {});
    const values = valueChanges(properties, step.old, step.new);
    const change: ResourceChange = {
      operation: step.op,
      type: step.type,
      name: resourceName(step.urn),
      properties,
      ...(values && { values }),
    };
    const key = `${step.op} ${step.urn}`;
    if (event.resOpFailedEvent) changes.delete(key);
    else if (event.resOutputsEvent) step.op === 'refresh' && refreshed(step, change);
    else if (step.op === 'same') unchanged += 1;
    else if (!plain.has(step.op)) changes.set(key, change);
  };
  return {
    onEvent(event) {
      const diagnostic = event.diagnosticEvent;
      if (diagnostic?.severity === 'error') errors.push(inOneLine(diagnostic.message));
      seen(event);
    },
    record: () => ({ changes: [...changes.values()], drift, unchanged, errors }),
    again() {
      errors = [];
      unchanged = 0;
    },
    adopt(urns) {
      adopted = new Set([...adopted, ...urns]);
    },
  };
}
