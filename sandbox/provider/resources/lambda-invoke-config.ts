import type { Aws } from '../protocol/clients.ts';
import { type Field, isObject, type Properties } from '../protocol/field.ts';
import { integer, name, nested, optional, type Resource, regional, string } from '../protocol/resource.ts';
import { notFound } from './lambda.ts';

const destination: Field = {
  kind: 'object',
  fields: { destination: { kind: 'string', required: true } },
};

const ofFunction = (properties: Properties) => ({
  FunctionName: string(properties, 'functionName'),
  Qualifier: optional<string>(properties, 'qualifier'),
});

async function put(aws: Aws, inputs: Properties): Promise<string> {
  const to = (event: string): { Destination: string } | undefined => {
    const given = nested(inputs, 'destinationConfig')[event];
    return isObject(given) ? { Destination: string(given, 'destination') } : undefined;
  };
  const ids = ofFunction(inputs);
  await (await aws.lambda()).putFunctionEventInvokeConfig({
    ...ids,
    MaximumEventAgeInSeconds: optional(inputs, 'maximumEventAgeInSeconds'),
    MaximumRetryAttempts: optional(inputs, 'maximumRetryAttempts'),
    DestinationConfig: inputs.destinationConfig
      ? { OnFailure: to('onFailure'), OnSuccess: to('onSuccess') }
      : undefined,
  });
  return ids.Qualifier ? `${ids.FunctionName}:${ids.Qualifier}` : ids.FunctionName;
}

export const FunctionEventInvokeConfig: Resource = {
  inputs: {
    functionName: name,
    qualifier: { kind: 'string', replace: true },
    maximumEventAgeInSeconds: { ...integer, default: 21_600 },
    maximumRetryAttempts: { ...integer, default: 2 },
    destinationConfig: { kind: 'object', fields: { onFailure: destination, onSuccess: destination } },
    ...regional,
  },
  outputs: [],
  notFound,
  identity: ['functionName', 'qualifier'],
  parse: (id) => (id.includes(':') ? undefined : { functionName: id }),
  importForm: 'function name',
  create: put,
  update: put,
  async read(aws, known) {
    const found = await (await aws.lambda()).getFunctionEventInvokeConfig(ofFunction(known));
    const { OnFailure, OnSuccess } = found.DestinationConfig ?? {};
    return {
      functionName: known.functionName,
      qualifier: known.qualifier,
      maximumEventAgeInSeconds: found.MaximumEventAgeInSeconds,
      maximumRetryAttempts: found.MaximumRetryAttempts,
      destinationConfig: {
        onFailure: OnFailure?.Destination ? { destination: OnFailure.Destination } : null,
        onSuccess: OnSuccess?.Destination ? { destination: OnSuccess.Destination } : null,
      },
    };
  },
  delete: async (aws, old) => (await aws.lambda()).deleteFunctionEventInvokeConfig(ofFunction(old)),
};
