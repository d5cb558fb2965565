interface StepMetadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old?: object;
  readonly new?: object;
  readonly detailedDiff?: Record<string, unknown>;
}

/** What is read of an engine event (source: `EngineEvent` of the Automation API). */
export interface EngineEvent {
  readonly diagnosticEvent?: { readonly severity: string; readonly message: string };
  readonly resourcePreEvent?: { readonly metadata: StepMetadata };
  readonly resOutputsEvent?: { readonly metadata: StepMetadata };
}

/** One resource that an operation changes or would change. */
export interface ResourceChange {
  readonly operation: string;
  readonly type: string;
  readonly name: string;
  readonly properties: readonly string[];
}

/** What an operation did, from the engine's own events. */
export interface OperationRecord {
  readonly changes: readonly ResourceChange[];
  /** Resources whose live state differed from the recorded one: found by refresh. */
  readonly drift: readonly ResourceChange[];
  readonly unchanged: number;
  readonly errors: readonly string[];
}

/** What refresh says in its operation names: a resource gone, or changed, since the last operation. */
const plain = new Set(['same', 'read', 'refresh']);

const nameOf = (urn: string): string => urn.split('::').slice(3).join('::');

// biome-ignore lint/suspicious/noControlCharactersInRegex: the engine's messages carry ANSI colour codes.
const colour = /\u001b\[[0-9;]*m|<\{%[^%]*%\}>/g;

/** What a diagnostic says, whose first line can be no more than `1 error occurred:`. */
function inOneLine(message: string): string {
  const lines = message.replace(colour, '').split('\n');
  const said = lines.map((line) => line.trim().replace(/^\* /, '')).filter((line) => line !== '');
  return said
    .filter((line, index) => said.length === 1 || index > 0 || !/^\d+ errors? occurred:$/.test(line))
    .join(' ');
}

/** Collects one operation's engine events; `record()` may be asked at any time. */
export function recordEvents(): {
  readonly onEvent: (event: EngineEvent) => void;
  record(): OperationRecord;
} {
  const changes: ResourceChange[] = [];
  const drift: ResourceChange[] = [];
  const errors: string[] = [];
  let unchanged = 0;
  return {
    onEvent(event) {
      const diagnostic = event.diagnosticEvent;
      if (diagnostic?.severity === 'error') errors.push(inOneLine(diagnostic.message));
      const step = event.resourcePreEvent?.metadata ?? event.resOutputsEvent?.metadata;
      if (!step || step.type === 'pulumi:pulumi:Stack' || step.type.startsWith('pulumi:providers:')) return;
      const change: ResourceChange = {
        operation: step.op,
        type: step.type,
        name: nameOf(step.urn),
        properties: Object.keys(step.detailedDiff ?? {}),
      };
      if (event.resOutputsEvent) {
        if (step.op === 'refresh' && step.old && (!step.new || change.properties.length > 0)) {
          drift.push({ ...change, operation: step.new ? 'changed' : 'deleted' });
        }
        return;
      }
      if (step.op === 'same') unchanged += 1;
      else if (!plain.has(step.op)) changes.push(change);
    },
    record: () => ({ changes, drift, unchanged, errors }),
  };
}
