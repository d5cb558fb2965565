import type { Aws } from './clients.ts';
import { type Field, isObject, type Properties, same } from './field.ts';
import { type Resource, tagsOf, unless } from './resource.ts';

/** A resource exists, but setting it to its desired state failed. The engine records it and repairs it next time. */
export class Unfinished extends Error {
  readonly id: string;
  readonly state: Properties;
  readonly inputs: Properties;

  constructor(id: string, state: Properties, inputs: Properties, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = cause instanceof Error ? cause.name : 'Error';
    this.id = id;
    this.state = state;
    this.inputs = inputs;
  }
}

export interface State {
  inputs: Properties;
  outputs: Properties;
}

type Tags = Record<string, string>;
const TAGS: Field = { kind: 'map' };

/**
 * What was read, as inputs and outputs. An equal meaning keeps the earlier spelling; what AWS filled in stays open in
 * the inputs.
 */
export function settle(resource: Resource, found: Properties, inputs: Properties, defaultTags: Tags): State {
  const state: State = { inputs: {}, outputs: {} };
  for (const [name, field] of Object.entries(resource.inputs)) {
    const before = inputs[name] ?? undefined;
    const now = name === 'tags' ? ownTags(found, inputs, defaultTags) : (found[name] ?? undefined);
    const kept = same(field, before, now);
    const open = before === undefined && (kept || field.computed);
    const value = kept ? before : now;
    if (!open && value !== undefined) state.inputs[name] = value;
    const shown = value ?? field.default;
    if (shown !== undefined) state.outputs[name] = shown;
  }
  for (const name of resource.outputs) state.outputs[name] = found[name];
  if (resource.inputs.tags) state.outputs.tagsAll = found.tags ?? {};
  return state;
}

/** The tags without those of the provider's default. */
function ownTags(found: Properties, inputs: Properties, defaultTags: Tags): Properties[string] {
  const given = isObject(inputs.tags) ? inputs.tags : {};
  const all = isObject(found.tags) ? found.tags : {};
  const own = Object.entries(all).filter(([key, value]) => key in given || defaultTags[key] !== value);
  return Object.fromEntries(own);
}

function withRegion(resource: Resource, aws: Aws, state: State, inputs: Properties): State {
  if (!resource.inputs.region) return state;
  state.outputs.region = aws.region;
  if (inputs.region !== undefined) state.inputs.region = aws.region;
  return state;
}

/** The resource as it is now; undefined when it does not exist. `known` identifies it. */
export async function readState(
  resource: Resource,
  aws: Aws,
  known: Properties,
  inputs: Properties,
  defaultTags: Tags,
): Promise<State | undefined> {
  const found = await unless(resource.read(aws, known), ...resource.notFound);
  return found && withRegion(resource, aws, settle(resource, found, inputs, defaultTags), inputs);
}

/** @throws Unfinished when the resource was created and a later call failed. */
export async function create(
  resource: Resource,
  aws: Aws,
  inputs: Properties,
  defaultTags: Tags,
): Promise<{ id: string; outputs: Properties }> {
  const full = { ...inputs, ...(resource.inputs.tags ? { tags: tagsOf(inputs, defaultTags) } : {}) };
  const id = await resource.create(aws, full);
  try {
    await resource.finish?.(aws, full, id);
    const { outputs } = await readBack(
      resource,
      aws,
      { ...resource.parse(id), ...inputs },
      inputs,
      defaultTags,
    );
    return { id, outputs };
  } catch (error) {
    const region = resource.inputs.region ? { region: aws.region } : {};
    throw new Unfinished(id, { ...resource.parse(id), ...inputs, ...region }, inputs, error);
  }
}

/** The state after a write, tried for up to ten seconds: AWS may not show a new resource at once. */
async function readBack(
  resource: Resource,
  aws: Aws,
  known: Properties,
  inputs: Properties,
  defaultTags: Tags,
): Promise<State> {
  for (const until = Date.now() + 10_000; ; ) {
    const state = await readState(resource, aws, known, inputs, defaultTags);
    if (state) return state;
    if (Date.now() > until) throw new Error('the resource is not to be found after it was written');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** The outputs after the update; only what differs is written. */
export async function update(
  resource: Resource,
  aws: Aws,
  old: State,
  inputs: Properties,
  defaultTags: Tags,
): Promise<Properties> {
  const tags = tagsOf(inputs, defaultTags);
  const full = { ...inputs, ...(resource.inputs.tags ? { tags } : {}) };
  const differs = Object.entries(resource.inputs).some(
    ([name, field]) => name !== 'tags' && name !== 'region' && !same(field, old.inputs[name], inputs[name]),
  );
  if (differs) await resource.update?.(aws, full, old.outputs, old.inputs);
  if (resource.tag && !same(TAGS, old.outputs.tagsAll, tags)) {
    const before = isObject(old.outputs.tagsAll) ? old.outputs.tagsAll : {};
    const added = Object.entries(tags).filter(([key, value]) => before[key] !== value);
    const removed = Object.keys(before).filter((key) => !(key in tags));
    if (removed.length > 0) await resource.untag?.(aws, old.outputs, removed);
    if (added.length > 0) await resource.tag(aws, old.outputs, Object.fromEntries(added));
  }
  const stable = resource.outputs.filter((name) => !resource.volatile?.includes(name));
  const known = { ...Object.fromEntries(stable.map((name) => [name, old.outputs[name]])), ...inputs };
  return (await readBack(resource, aws, known, inputs, defaultTags)).outputs;
}

/** Deletes the resource; one that does not exist is fine. */
export async function remove(resource: Resource, aws: Aws, old: Properties): Promise<void> {
  await unless(resource.delete(aws, old), ...resource.notFound);
}

/** What a preview knows of the outputs; every other output is unknown until the update. */
export function foreseen(
  resource: Resource,
  region: string,
  old: Properties | undefined,
  inputs: Properties,
  defaultTags: Tags,
): Properties {
  const outputs: Properties = { ...inputs };
  if (resource.inputs.region) outputs.region = inputs.region ?? region;
  if (resource.inputs.tags && (inputs.tags === undefined || isObject(inputs.tags))) {
    outputs.tagsAll = tagsOf(inputs, defaultTags);
  }
  for (const name of resource.outputs) {
    if (old && !resource.volatile?.includes(name)) outputs[name] = old[name];
  }
  return outputs;
}
