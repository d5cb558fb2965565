import { styleText } from 'node:util';
import type { ResourceChange } from '../../stacks/operation-record.ts';
import type { RunStack } from '../../store/run-stacks.ts';
import { plain } from './table.ts';

type Kind = 'create' | 'update' | 'replace' | 'delete' | 'adopt' | 'drift';

const signs = { create: '+', update: '~', replace: '+-', delete: '-', adopt: '=', drift: '!' } as const;
const colors = {
  create: 'green',
  update: 'yellow',
  replace: 'yellow',
  delete: 'red',
  adopt: 'blue',
  drift: 'magenta',
} as const;

/** The engine reports a replacement as three operations; the other two are left out. */
function kindOf({ operation }: ResourceChange): Kind | undefined {
  if (operation === 'create-replacement' || operation === 'delete-replaced') return undefined;
  if (operation === 'import') return 'adopt';
  return operation in signs ? (operation as Kind) : 'update';
}

const valueText = (value: unknown): string =>
  value === undefined || value === null ? '(none)' : plain(String(value));

function propertyText({ values = {} }: ResourceChange, property: string): string {
  const change = values[property];
  return plain(property) + (change ? `: ${valueText(change.old)} → ${valueText(change.new)}` : '');
}

/** Colors only if the terminal shows them: not in a file, and not with NO_COLOR. */
const colored = (kind: Kind, text: string) => styleText(colors[kind], text, { stream: process.stdout });

function line(kind: Kind, change: ResourceChange, note = ''): string {
  // The program shows the properties of a created or deleted resource, but not what an update changes.
  const properties = kind === 'create' || kind === 'delete' ? [] : change.properties;
  const texts = properties.map((property) => propertyText(change, property));
  const detail = texts.length > 0 ? `  ${texts.join(', ')}` : '';
  return `  ${colored(kind, signs[kind].padEnd(2))} ${change.type} ${plain(change.name)}${note}${detail}`;
}

const drifted = (change: ResourceChange): string =>
  line('drift', change, ` (drift: ${change.operation} outside Portcullis)`);

const countTexts: Readonly<Record<Kind, string>> = {
  create: 'to create',
  update: 'to update',
  replace: 'to replace',
  delete: 'to delete',
  adopt: 'to adopt',
  drift: 'drifted',
};

/**
 * What a preview found: each stack that would change or has drifted, a line for each of its resources, and their number.
 * Empty if nothing differs. Pure.
 */
export function renderPlan(stacks: readonly Pick<RunStack, 'key' | 'changes' | 'drift'>[]): string {
  const kinds: Kind[] = [];
  const groups = stacks.flatMap((stack) => {
    const changes = stack.changes.flatMap((change) => {
      const kind = kindOf(change);
      if (!kind) return [];
      kinds.push(kind);
      return [line(kind, change)];
    });
    kinds.push(...stack.drift.map(() => 'drift' as const));
    const lines = [...stack.drift.map(drifted), ...changes];
    return lines.length > 0 ? [[stack.key, ...lines, ''].join('\n')] : [];
  });
  if (groups.length === 0) return '';
  const counts = (Object.keys(countTexts) as Kind[]).flatMap((kind) => {
    const count = kinds.filter((each) => each === kind).length;
    return count > 0 ? [`${count} ${countTexts[kind]}`] : [];
  });
  return `\n${groups.join('\n')}\nPlan for ${groups.length} ${groups.length === 1 ? 'stack' : 'stacks'}: ${counts.join(', ')}\n`;
}
