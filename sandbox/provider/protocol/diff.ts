import { canonical, type Field, isObject, type Properties, same, stableText, type Value } from './field.ts';
import { type Resource, tagsOf } from './resource.ts';

export interface Change {
  /** Pulumi property path, for example `environment.variables.LEVEL`. */
  path: string;
  kind: 'add' | 'delete' | 'update';
  replace: boolean;
}

export interface Surroundings {
  region: string;
  defaultTags: Record<string, string>;
}

/**
 * What an update from the stored inputs to the new ones would change, leaf by leaf. Provider-wide settings count: a
 * default tag that the stored outputs lack is a change, another Region is a replacement.
 */
export function changes(
  resource: Resource,
  old: { inputs: Properties; outputs: Properties },
  news: Properties,
  around: Surroundings,
): Change[] {
  const found: Change[] = [];
  for (const [name, field] of Object.entries(resource.inputs)) {
    const value = news[name];
    if (name === 'region' || (field.computed && (value === undefined || value === null))) continue;
    found.push(...compare(name, field, old.inputs[name], value, field.replace ?? false));
  }
  if (resource.inputs.tags) found.push(...tagChanges(old, news, around, found));
  const region = news.region ?? around.region;
  if (resource.inputs.region && typeof old.outputs.region === 'string' && old.outputs.region !== region) {
    found.push({ path: 'region', kind: 'update', replace: true });
  }
  return found;
}

function compare(
  path: string,
  field: Field,
  old: Value | undefined,
  news: Value | undefined,
  replace: boolean,
): Change[] {
  if (same(field, old, news)) return [];
  const before = canonical(field, old);
  const after = canonical(field, news);
  if ((field.kind === 'object' || field.kind === 'map') && isObject(before) && isObject(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
      compare(
        step(path, name),
        field.fields?.[name] ?? { kind: 'string' },
        before[name],
        after[name],
        replace,
      ),
    );
  }
  const kind = old === undefined ? 'add' : news === undefined ? 'delete' : 'update';
  return [{ path, kind, replace }];
}

/** Tags that come from or went with the provider's default tags. */
function tagChanges(
  old: { inputs: Properties; outputs: Properties },
  news: Properties,
  around: Surroundings,
  known: readonly Change[],
): Change[] {
  if (news.tags !== undefined && !isObject(news.tags)) return []; // not known before the update
  const wanted = tagsOf(news, around.defaultTags);
  const held = isObject(old.outputs.tagsAll) ? old.outputs.tagsAll : {};
  const own = tagsOf(news, tagsOf(old.inputs, {}));
  const isKnown = (key: string, path: string) =>
    path === step('tags', key) || (path === 'tags' && key in own);
  return [...new Set([...Object.keys(held), ...Object.keys(wanted)])]
    .filter((key) => !known.some(({ path }) => isKnown(key, path)))
    .flatMap((key) => compare(step('tagsAll', key), { kind: 'string' }, held[key], wanted[key], false));
}

function step(path: string, name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `${path}.${name}` : `${path}["${name.replaceAll('"', '\\"')}"]`;
}

/** Whether old and new have the same name in AWS, so that the old one must be deleted first. */
export function keepsName(resource: Resource, old: Properties, news: Properties, found: Change[]): boolean {
  if (found.some(({ path }) => path === 'region')) return false;
  return resource.identity.every((name) => stableText(old[name]) === stableText(news[name]));
}
