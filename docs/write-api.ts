// node docs/write-api.ts [--check]: writes the routes of docs/api.md from the route table; --check only says whether
// they are stale.
import { readFile, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import type { Route } from '../controlplane/http/routes/route.ts';
import { routes } from '../controlplane/http/routes/table.ts';

const file = new URL('./api.md', import.meta.url);
const [begin, end] = ['<!-- routes -->', '<!-- /routes -->'];

/** As much of JSON Schema as a table shows. */
interface Field {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Field;
  readonly anyOf?: readonly Field[];
  readonly properties?: Readonly<Record<string, Field>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const jsonSchema = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Field;

function typeOf(field: Field): string {
  if (field.const !== undefined) return `\`${JSON.stringify(field.const)}\``;
  if (field.enum) return field.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' or ');
  if (field.anyOf) return [...new Set(field.anyOf.map(typeOf))].join(' or ');
  if (field.items) return `list of ${typeOf(field.items)}`;
  const type = [field.type ?? 'any'].flat().join(' or ');
  const { minimum, maximum } = field;
  const bounded = minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  return bounded ? `${type} from ${minimum} to ${maximum}` : type;
}

/** The fields of a schema with their place, those of nested objects and of the entries of lists too. */
function fieldsOf(schema: Field, prefix = ''): { name: string; field: Field; required: boolean }[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = `${prefix}${key}`;
    const inner = field.items ? fieldsOf(field.items, `${name}[].`) : fieldsOf(field, `${name}.`);
    return [{ name, field, required: schema.required?.includes(key) ?? false }, ...inner];
  });
}

function inputTable(title: string, schema: z.ZodType | undefined): string[] {
  const fields = schema ? fieldsOf(jsonSchema(schema)) : [];
  if (fields.length === 0) return [];
  const rows = fields.map(({ name, field, required }) => {
    const needed = required ? 'required' : 'optional';
    const given = field.default === undefined ? needed : `default \`${JSON.stringify(field.default)}\``;
    return `| ${[`\`${name}\``, typeOf(field), given, field.description ?? ''].map(cell).join(' | ')} |`;
  });
  return ['', `${title}:`, '', '| field | type | | meaning |', '|---|---|---|---|', ...rows];
}

function outputTable(schema: z.ZodType | undefined): string[] {
  const fields = schema ? fieldsOf(jsonSchema(schema)) : [];
  if (fields.length === 0) return [];
  const rows = fields.map(
    ({ name, field }) =>
      `| ${[`\`${name}\``, typeOf(field), field.description ?? ''].map(cell).join(' | ')} |`,
  );
  return ['', 'Response body:', '', '| field | type | meaning |', '|---|---|---|', ...rows];
}

const access = ({ role }: Route): string =>
  role === 'anyone' ? 'Needs no token.' : `Needs the role \`${role}\`.`;

function section(route: Route): string {
  const responses = Object.entries(route.answers).map(([status, answer]) => {
    const type = status === '200' && route.produces ? ` (\`${route.produces}\`)` : '';
    return `| ${status} | ${cell(answer)}${type} |`;
  });
  return [
    `### ${route.method.toUpperCase()} ${route.path}\n`,
    `${route.summary}. ${access(route)}`,
    ...inputTable('Query', route.query),
    ...inputTable('Body', route.body),
    '',
    '| status | response |',
    '|---|---|',
    ...responses,
    ...outputTable(route.returns),
    '',
  ].join('\n');
}

function index(all: readonly Route[]): string {
  const rows = all.map((route) => {
    const title = `${route.method.toUpperCase()} ${route.path}`;
    const anchor = title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-');
    const role = route.role === 'anyone' ? 'none' : route.role;
    return `| [\`${title}\`](#${anchor}) | ${role} | ${cell(route.summary)} |`;
  });
  return ['| method and path | role | summary |', '|---|---|---|', ...rows, ''].join('\n');
}

const page = await readFile(file, 'utf8');
const [before, rest = ''] = page.split(begin);
const after = rest.split(end)[1];
if (after === undefined) throw new Error(`docs/api.md lacks ${begin} or ${end}`);
const generated = [index(routes), ...routes.map((route) => section(route))].join('\n');
const next = `${before}${begin}\n${generated}${end}${after}`;
if (!process.argv.includes('--check')) await writeFile(file, next);
else if (next !== page) {
  console.error('docs/api.md is stale: run node docs/write-api.ts');
  process.exitCode = 1;
}
