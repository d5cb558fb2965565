import { readExport } from './exported-state.ts';
import { importId, isOurs, type StackPlace } from './import-ids.ts';

/** A resource that may exist without the state knowing it. */
export interface Candidate {
  readonly urn: string;
  readonly type: string;
  readonly parent?: string | undefined;
  readonly provider?: string | undefined;
  readonly retainOnDelete?: boolean | undefined;
  /** Known of a create that was in progress; the next update adds those of others. */
  readonly dependencies?: readonly string[] | null | undefined;
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
  /** The id that AWS returned, for a type whose inputs do not contain it. */
  readonly id?: string | undefined;
}

/** A state to replace another, and the resources of which its next refresh reads whether they exist. */
export interface Adoption {
  readonly text: string;
  readonly urns: readonly string[];
}

const entryOf = (candidate: Candidate, known: ReadonlySet<string>, place: StackPlace) => {
  const { urn, type, parent, provider, retainOnDelete } = candidate;
  const id = candidate.id || importId(type, candidate.inputs ?? {}, place);
  if (id === undefined || !provider) return undefined;
  // A destroy follows them: a role is deleted after its policy.
  const dependencies = (candidate.dependencies ?? []).filter((each) => known.has(each));
  const placed = {
    ...(parent && { parent }),
    provider,
    ...(retainOnDelete && { retainOnDelete }),
    ...(dependencies.length > 0 && { dependencies }),
  };
  // Without inputs and outputs the provider reads it as it does for an import: by its id alone.
  return { urn, type, custom: true, id, ...placed, inputs: {}, outputs: {} };
};

function adopting(text: string, candidates: readonly Candidate[], place: StackPlace): Adoption {
  const { whole, resources } = readExport(text);
  const known = new Set(resources.map(({ urn }) => urn));
  const wanted = candidates.filter(({ urn, parent }) => !known.has(urn) && (!parent || known.has(parent)));
  const entries = wanted
    .map((candidate) => entryOf(candidate, known, place))
    .filter((entry) => entry !== undefined);
  const next = {
    ...whole,
    deployment: { ...whole.deployment, resources: [...resources, ...entries], pending_operations: [] },
  };
  return { text: JSON.stringify(next), urns: entries.map(({ urn }) => urn) };
}

/**
 * The state with every create that was in progress when its process died recorded as if it had reached AWS: the next
 * refresh reads it from there, or drops it if it does not exist. What has no id for an import is created again.
 * Undefined if no create was in progress.
 */
export function adoptPending(text: string, place: StackPlace): Adoption | undefined {
  const { pending } = readExport(text);
  if (pending.length === 0) return undefined;
  const creates = pending.filter(({ type }) => type === 'creating').map(({ resource }) => resource);
  return adopting(text, creates, place);
}

/** The state with the named resources, which AWS says exist already, recorded to be read by the next refresh. */
export const adoptExisting = (text: string, found: readonly Candidate[], place: StackPlace): Adoption =>
  adopting(
    text,
    found.filter(({ inputs }) => isOurs(inputs ?? {})),
    place,
  );
