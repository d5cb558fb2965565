import type { FunctionConfiguration, LoggingConfig, TracingMode } from '@aws-sdk/client-lambda';
import type { Aws } from '../protocol/clients.ts';
import { type Fields, isObject, type Properties } from '../protocol/field.ts';
import {
  changedBetween,
  integer,
  name,
  namedBy,
  nested,
  ofFound,
  optional,
  ownTags,
  type Resource,
  regional,
  settles,
  string,
  tagged,
  text,
  whileIamSettles,
} from '../protocol/resource.ts';
import { zipOf } from './archive.ts';

export const notFound = ['ResourceNotFoundException'];

const inputs: Fields = {
  name,
  role: { kind: 'string', required: true },
  code: { kind: 'archive', required: true },
  handler: { kind: 'string', required: true },
  runtime: { kind: 'string', required: true },
  sourceCodeHash: { kind: 'string', computed: true },
  codeSha256: { kind: 'string', computed: true },
  architectures: { kind: 'strings', default: ['x86_64'] },
  description: text,
  memorySize: { ...integer, default: 128 },
  timeout: { ...integer, default: 3 },
  environment: { kind: 'object', fields: { variables: { kind: 'map' } } },
  reservedConcurrentExecutions: { ...integer, default: -1 },
  ephemeralStorage: { kind: 'object', computed: true, fields: { size: integer } },
  tracingConfig: { kind: 'object', computed: true, fields: { mode: { kind: 'string', required: true } } },
  loggingConfig: {
    kind: 'object',
    computed: true,
    fields: {
      logFormat: { kind: 'string', required: true },
      logGroup: text,
      applicationLogLevel: text,
      systemLogLevel: text,
    },
  },
  ...regional,
  ...tagged,
};

const configurationOf = (properties: Properties) => {
  const logging = nested(properties, 'loggingConfig');
  const variables = nested(properties, 'environment').variables;
  const size = optional<number>(nested(properties, 'ephemeralStorage'), 'size');
  const mode = optional<string>(nested(properties, 'tracingConfig'), 'mode');
  return {
    FunctionName: string(properties, 'name'),
    Role: string(properties, 'role'),
    Handler: optional<string>(properties, 'handler'),
    Runtime: optional<string>(properties, 'runtime') as FunctionConfiguration['Runtime'],
    Description: optional<string>(properties, 'description') ?? '',
    MemorySize: optional<number>(properties, 'memorySize') ?? 128,
    Timeout: optional<number>(properties, 'timeout') ?? 3,
    Environment: { Variables: isObject(variables) ? (variables as Record<string, string>) : {} },
    EphemeralStorage: size === undefined ? undefined : { Size: size },
    TracingConfig: mode === undefined ? undefined : { Mode: mode as TracingMode },
    LoggingConfig: properties.loggingConfig
      ? ({
          LogFormat: optional<string>(logging, 'logFormat'),
          LogGroup: optional<string>(logging, 'logGroup'),
          ApplicationLogLevel: optional<string>(logging, 'applicationLogLevel'),
          SystemLogLevel: optional<string>(logging, 'systemLogLevel'),
        } as LoggingConfig)
      : undefined,
  };
};
const architecturesOf = (properties: Properties) =>
  (optional<string[]>(properties, 'architectures') ?? ['x86_64']) as FunctionConfiguration['Architectures'];

/** Returns when the function has left the states in which AWS refuses changes; at most a minute. */
async function settled(aws: Aws, FunctionName: string): Promise<void> {
  const lambda = await aws.lambda();
  await settles(async () => {
    const { State, LastUpdateStatus, StateReason, LastUpdateStatusReason } =
      await lambda.getFunctionConfiguration({ FunctionName });
    if (State === 'Failed' || LastUpdateStatus === 'Failed') {
      throw new Error(StateReason ?? LastUpdateStatusReason ?? 'the function failed to become active');
    }
    const busy = State === 'Pending' || LastUpdateStatus === 'InProgress';
    return busy ? 'the function was not active' : undefined;
  });
}

async function reserve(aws: Aws, properties: Properties): Promise<void> {
  const lambda = await aws.lambda();
  const FunctionName = string(properties, 'name');
  const reserved = optional<number>(properties, 'reservedConcurrentExecutions') ?? -1;
  if (reserved < 0) await lambda.deleteFunctionConcurrency({ FunctionName });
  else await lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: reserved });
}

function described(found: FunctionConfiguration): Properties {
  const logging = found.LoggingConfig;
  return {
    name: found.FunctionName,
    role: found.Role,
    handler: found.Handler,
    runtime: found.Runtime,
    architectures: found.Architectures,
    description: found.Description,
    memorySize: found.MemorySize,
    timeout: found.Timeout,
    environment: { variables: found.Environment?.Variables ?? {} },
    ephemeralStorage: { size: found.EphemeralStorage?.Size ?? null },
    tracingConfig: { mode: found.TracingConfig?.Mode ?? null },
    loggingConfig: logging && {
      logFormat: logging.LogFormat ?? null,
      logGroup: logging.LogGroup ?? null,
      applicationLogLevel: logging.ApplicationLogLevel ?? null,
      systemLogLevel: logging.SystemLogLevel ?? null,
    },
    arn: found.FunctionArn,
    codeSha256: found.CodeSha256,
    sourceCodeSize: found.CodeSize,
    lastModified: found.LastModified,
    version: found.Version,
  };
}

export const lambdaTagging: Pick<Resource, 'tag' | 'untag'> = {
  tag: async (aws, old, Tags) => (await aws.lambda()).tagResource({ Resource: string(old, 'arn'), Tags }),
  untag: async (aws, old, TagKeys) =>
    (await aws.lambda()).untagResource({ Resource: string(old, 'arn'), TagKeys }),
};

export const LambdaFunction: Resource = {
  inputs,
  outputs: ['arn', 'invokeArn', 'sourceCodeSize', 'lastModified', 'version'],
  notFound,
  volatile: ['sourceCodeSize', 'lastModified', 'version'],
  ...namedBy('name'),
  async create(aws, properties) {
    const lambda = await aws.lambda();
    const ZipFile = await zipOf(properties.code);
    await whileIamSettles(() =>
      lambda.createFunction({
        ...configurationOf(properties),
        Architectures: architecturesOf(properties),
        Code: { ZipFile },
        Tags: properties.tags as Record<string, string>,
      }),
    );
    return string(properties, 'name');
  },
  async finish(aws, properties, id) {
    await settled(aws, id);
    if (properties.reservedConcurrentExecutions !== undefined) await reserve(aws, properties);
  },
  async read(aws, known) {
    const lambda = await aws.lambda();
    const FunctionName = string(known, 'name');
    const found = await lambda.getFunction({ FunctionName });
    if (!found.Configuration) return undefined;
    const now = described(found.Configuration);
    // as the official provider does at every read
    await ofFound(lambda.listVersionsByFunction({ FunctionName }));
    await ofFound(lambda.getFunctionCodeSigningConfig({ FunctionName }));
    // On AWS GetFunction gives the tags only to a caller that may list them: without lambda:ListTags each update would
    // find all tags missing.
    const { Tags } = await ofFound(lambda.listTags({ Resource: string(now, 'arn') }));
    return {
      ...now,
      // As in the official plugin, both are what the state says (source: `resourceFunctionRead` in
      // internal/service/lambda/function.go): only `codeSha256` shows code that was replaced.
      code: known.code,
      sourceCodeHash: known.sourceCodeHash ?? now.codeSha256,
      invokeArn: `arn:${String(now.arn).split(':')[1]}:apigateway:${aws.region}:lambda:path/2015-03-31/functions/${now.arn}/invocations`,
      reservedConcurrentExecutions: found.Concurrency?.ReservedConcurrentExecutions,
      tags: ownTags(Tags),
    };
  },
  async update(aws, properties, _old, oldInputs) {
    const lambda = await aws.lambda();
    const FunctionName = string(properties, 'name');
    const changed = changedBetween(inputs, oldInputs, properties);
    if (['code', 'sourceCodeHash', 'codeSha256', 'architectures'].some(changed)) {
      const ZipFile = await zipOf(properties.code);
      await lambda.updateFunctionCode({ FunctionName, ZipFile, Architectures: architecturesOf(properties) });
      await settled(aws, FunctionName);
    }
    await whileIamSettles(() => lambda.updateFunctionConfiguration(configurationOf(properties)));
    await settled(aws, FunctionName);
    if (changed('reservedConcurrentExecutions')) await reserve(aws, properties);
  },
  ...lambdaTagging,
  delete: async (aws, old) => (await aws.lambda()).deleteFunction({ FunctionName: string(old, 'name') }),
};
