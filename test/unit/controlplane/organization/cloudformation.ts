import { parse } from 'yaml';

type Value = unknown;
interface Template {
  readonly Parameters: Record<string, { Default?: string; AllowedPattern?: string }>;
  readonly Conditions: Record<string, Value>;
  readonly Resources: Record<string, { Type: string; Condition?: string; Properties: Record<string, Value> }>;
}

/** CloudFormation's functions as far as the access role's template uses them. Unknown ones throw. */
function resolver(values: Record<string, string>, conditions: Record<string, Value>) {
  const functions: Record<string, (argument: never) => Value> = {
    Ref: (name: string) => {
      if (name === 'AWS::NoValue') return undefined;
      if (!(name in values)) throw new Error(`no parameter ${name}`);
      return values[name];
    },
    'Fn::Sub': (text: string) =>
      text.replace(/\$\{([^}]+)\}/g, (_, name) => String(functions.Ref?.(name as never))),
    'Fn::Join': ([separator, parts]: [string, Value[]]) => (resolve(parts) as string[]).join(separator),
    'Fn::Select': ([index, list]: [number, Value]) => (resolve(list) as Value[])[index],
    'Fn::Split': ([separator, text]: [string, Value]) => String(resolve(text)).split(separator),
    'Fn::Equals': ([left, right]: Value[]) => resolve(left) === resolve(right),
    'Fn::Not': ([value]: Value[]) => !resolve(value),
    'Fn::If': ([name, yes, no]: [string, Value, Value]) => resolve(resolve(conditions[name]) ? yes : no),
    'Fn::GetAtt': () => 'attribute',
  };
  function resolve(value: Value): Value {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    const [[key, held] = ['', undefined], ...rest] = Object.entries(value);
    const apply = rest.length === 0 ? functions[key] : undefined;
    if (apply) return apply(held as never);
    if (/^(Fn::|Ref$)/.test(key)) throw new Error(`no function ${key}`);
    const entries = Object.entries(value).map(([name, inner]) => [name, resolve(inner)] as const);
    return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
  }
  return resolve;
}

export interface MadeRole {
  readonly RoleName: string;
  readonly AssumeRolePolicyDocument: object;
  readonly policies: { readonly PolicyName: string; readonly PolicyDocument: object }[];
}

/** What CloudFormation would make of the template with these parameters. @throws where a value breaks its pattern. */
export function roleOf(yaml: string, given: Record<string, string> = {}, partition = 'aws'): MadeRole {
  const template = parse(yaml) as Template;
  const parameters = Object.entries(template.Parameters).map(([name, { Default = '', AllowedPattern }]) => {
    const value = given[name] ?? Default;
    if (AllowedPattern && !new RegExp(`^(?:${AllowedPattern})$`).test(value)) {
      throw new Error(`parameter ${name} does not fit ${AllowedPattern}`);
    }
    return [name, value] as const;
  });
  const references = { ...Object.fromEntries(parameters), 'AWS::Partition': partition, Role: 'the role' };
  const resolve = resolver(references, template.Conditions);
  const made = Object.values(template.Resources).filter(
    ({ Condition }) => !Condition || resolve(template.Conditions[Condition]),
  );
  const properties = (type: string) =>
    made.filter(({ Type }) => Type === type).map(({ Properties }) => resolve(Properties));
  const [role] = properties('AWS::IAM::Role') as MadeRole[];
  if (!role) throw new Error('no role');
  return { ...role, policies: properties('AWS::IAM::RolePolicy') as MadeRole['policies'] };
}
