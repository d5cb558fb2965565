import { z } from 'zod';
import { importId, isOurs, type StackPlace } from './import-ids.ts';

const state = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  custom: z.boolean().optional(),
  parent: z.string().optional(),
  provider: z.string().optional(),
  retainOnDelete: z.boolean().optional(),
  dependencies: z.array(z.string()).nullish(),
  inputs: z.record(z.string(), z.unknown()).optional(),
});
const deployment = z.looseObject({
  resources: z.array(state).nullish(),
  pending_operations: z.array(z.looseObject({ type: z.string(), resource: state })).nullish(),
});
/** What `pulumi stack export` writes, as far as it matters here; the rest is kept as it is. */
const exported = z.looseObject({ deployment });

/** A resource that may exist without the state knowing it. */
export interface Candidate {
  readonly urn: string;
  readonly type: string;
  readonly parent?: string | undefined;
  readonly provider?: string | undefined;
  readonly retainOnDelete?: boolean | undefined;
  /** Known of a create that was under way; of others the next update tells. */
  readonly dependencies?: readonly string[] | null | undefined;
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
  /** The id that AWS returned, for a type whose inputs do not contain it. */
  readonly id?: string | undefined;
}

/** A state to put in the place of another, and the resources whose existence its next refresh finds out. */
export interface Adoption {
  readonly text: string;
  readonly urns: readonly string[];
}

const entryOf = (candidate: Candidate, known: ReadonlySet<string>, place: StackPlace) => {
  const { urn, type, parent, provider, retainOnDelete } = candidate;
  const id = candidate.id || importId(type, candidate.inputs ?? {}, place);
  if (id === undefined || !provider) return undefined;
  // A destroy goes by them: a role goes after its policy.
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
  const whole = exported.parse(JSON.parse(text));
  const resources = whole.deployment.resources ?? [];
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
 * The state with every create that was under way when its process died recorded as if it had reached AWS: the refresh
 * that comes next reads it from there, or drops it where it is not. What cannot be named is made anew.
 * Undefined where no create was under way.
 */
export function adoptPending(text: string, place: StackPlace): Adoption | undefined {
  const pending = exported.parse(JSON.parse(text)).deployment.pending_operations ?? [];
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
