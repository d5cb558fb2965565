import { isObject, type Properties, type Value } from '../protocol/field.ts';
import { name, optional, type Resource, regional, string } from '../protocol/resource.ts';
import { notFound } from './lambda.ts';

const fixed = { kind: 'string', replace: true } as const;

/** Condition keys of a statement that AddPermission made (source: its parameters in the Lambda API reference). */
const CONDITIONS: Record<string, { key: string; operator: string }> = {
  sourceArn: { key: 'aws:sourcearn', operator: 'ArnLike' },
  sourceAccount: { key: 'aws:sourceaccount', operator: 'StringEquals' },
  principalOrgId: { key: 'aws:principalorgid', operator: 'StringEquals' },
};

interface Statement {
  Sid?: string;
  Action?: Value;
  Principal?: Value;
  Condition?: Value;
}

function conditionsOf(statement: Statement): Record<string, Value> {
  const operators = isObject(statement.Condition) ? Object.values(statement.Condition) : [];
  const pairs = operators.flatMap((keys) => (isObject(keys) ? Object.entries(keys) : []));
  return Object.fromEntries(pairs.map(([key, value]) => [key.toLowerCase(), value]));
}

function principalOf(statement: Statement): Value | undefined {
  const principal = statement.Principal;
  const held = isObject(principal) ? (principal.Service ?? principal.AWS) : principal;
  // AWS gives an account back as its root
  return typeof held === 'string' ? held.replace(/^arn:[a-z-]+:iam::(\d{12}):root$/, '$1') : held;
}

const ofFunction = (properties: Properties) => ({
  FunctionName: string(properties, 'function'),
  Qualifier: optional<string>(properties, 'qualifier'),
});

/** A statement of a function's resource policy. Every property is fixed: AWS has no call that changes one. */
export const Permission: Resource = {
  inputs: {
    function: name,
    statementId: name,
    action: name,
    principal: name,
    qualifier: fixed,
    sourceArn: fixed,
    sourceAccount: fixed,
    principalOrgId: fixed,
    ...regional,
  },
  outputs: [],
  notFound,
  identity: ['function', 'statementId', 'qualifier'],
  parse(id) {
    const [fn, statementId] = id.split('/');
    return fn && statementId ? { function: fn, statementId } : undefined;
  },
  importForm: 'function/statement-id',
  id: (found) => string(found, 'statementId'),
  async create(aws, inputs) {
    const StatementId = string(inputs, 'statementId');
    await (await aws.lambda()).addPermission({
      ...ofFunction(inputs),
      StatementId,
      Action: string(inputs, 'action'),
      Principal: string(inputs, 'principal'),
      SourceArn: optional(inputs, 'sourceArn'),
      SourceAccount: optional(inputs, 'sourceAccount'),
      PrincipalOrgID: optional(inputs, 'principalOrgId'),
    });
    return StatementId;
  },
  async read(aws, known) {
    const { Policy = '{}' } = await (await aws.lambda()).getPolicy(ofFunction(known));
    const policy = JSON.parse(Policy) as { Statement?: Statement[] };
    const statement = policy.Statement?.find(({ Sid }) => Sid === known.statementId);
    if (!statement) return undefined;
    const conditions = conditionsOf(statement);
    const operators = isObject(statement.Condition) ? Object.keys(statement.Condition) : [];
    return {
      function: known.function,
      statementId: statement.Sid,
      qualifier: known.qualifier,
      action: statement.Action,
      principal: principalOf(statement),
      ...Object.fromEntries(
        Object.entries(CONDITIONS).map(([property, { key, operator }]) => [
          property,
          // As in the official plugin, a condition whose operator is not in the statement stays in the state (source:
          // `resourcePermissionRead` in internal/service/lambda/permission.go).
          operators.includes(operator) ? conditions[key] : known[property],
        ]),
      ),
    };
  },
  async delete(aws, old) {
    const StatementId = string(old, 'statementId');
    await (await aws.lambda()).removePermission({ ...ofFunction(old), StatementId });
  },
};
