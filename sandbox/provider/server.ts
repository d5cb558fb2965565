import grpc from '@grpc/grpc-js';
import pluginpb from '@pulumi/pulumi/proto/plugin_pb.js';
import services from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import pb from '@pulumi/pulumi/proto/provider_pb.js';
import emptypb from 'google-protobuf/google/protobuf/empty_pb.js';
import { type Failure, failures, normalize } from './protocol/check.ts';
import { type Aws, awsClients, type InRegion, validate } from './protocol/clients.ts';
import { type Configuration, readConfiguration } from './protocol/configuration.ts';
import { type Change, changes, keepsName } from './protocol/diff.ts';
import { grpcError } from './protocol/errors.ts';
import type { Properties } from './protocol/field.ts';
import { create, foreseen, readState, remove, update } from './protocol/lifecycle.ts';
import type { Resource } from './protocol/resource.ts';
import { fromStruct, toStruct } from './protocol/struct.ts';
import { resourceOf } from './table.ts';

/** The release of the official plugin that this one stands in for. */
const VERSION = '7.48.0';

interface Configured {
  configuration: Configuration;
  inRegion: InRegion;
}
type Handler<Request, Response> = (request: Request) => Response | Promise<Response>;

const typeOf = (urn: string): string => urn.split('::')[2]?.split('$').pop() ?? '';
const resourceName = (urn: string): string => urn.split('::').slice(3).join('::');

/** Serves the resource provider on a free loopback port until the process ends. @returns the port. */
export async function serve(): Promise<number> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': 400 * 1024 * 1024 });
  server.addService(services.ResourceProviderService, handlers());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

function handlers(): grpc.UntypedServiceImplementation {
  let configured: Configured | undefined;
  const current = (): Configured => {
    if (!configured) throw new Error('the provider is not configured yet');
    return configured;
  };
  return {
    checkConfig: unary('checking the provider', checkConfiguration),
    diffConfig: unary('comparing providers', () =>
      new pb.DiffResponse().setChanges(pb.DiffResponse.DiffChanges.DIFF_UNKNOWN),
    ),
    configure: unary('configuring the provider', async (request: pb.ConfigureRequest) => {
      const { configuration, failures } = readConfiguration(fromStruct(request.getArgs()));
      if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join('; '));
      const inRegion = awsClients(configuration);
      await validate(configuration, inRegion);
      configured = { configuration, inRegion };
      return new pb.ConfigureResponse().setSupportspreview(true);
    }),
    check: unary('checking', checkResource),
    diff: unary('comparing', (request: pb.DiffRequest) => diffResource(request, current())),
    create: unary('creating', (request: pb.CreateRequest) => createResource(request, current())),
    read: unary('reading', (request: pb.ReadRequest) => readResource(request, current())),
    update: unary('updating', (request: pb.UpdateRequest) => updateResource(request, current())),
    delete: unary('deleting', async (request: pb.DeleteRequest) => {
      const old = fromStruct(request.getProperties());
      await remove(resourceOf(typeOf(request.getUrn())), clientsFor(current(), old), old);
      return new emptypb.Empty();
    }),
    invoke: unary('invoking', (request: pb.InvokeRequest): pb.InvokeResponse => {
      throw new Error(`the sandbox's AWS provider has no function ${request.getTok()}`);
    }),
    getPluginInfo: unary('answering', () => new pluginpb.PluginInfo().setVersion(VERSION)),
    cancel: unary('cancelling', () => new emptypb.Empty()),
  };
}

function unary<Request, Response>(
  doing: string,
  handle: Handler<Request, Response>,
): grpc.handleUnaryCall<Request, Response> {
  return async ({ request }, done) => {
    try {
      done(null, await handle(request));
    } catch (error) {
      const urn =
        request instanceof pb.InvokeRequest ? '' : ((request as { getUrn?(): string }).getUrn?.() ?? '');
      const what = urn ? ` ${typeOf(urn)} "${resourceName(urn)}"` : '';
      done(grpcError(error, `${doing}${what}`));
    }
  };
}

/** The clients for where the resource is: its own `region`, or the provider's. */
function clientsFor({ inRegion }: Configured, properties: Properties): Aws {
  return inRegion(typeof properties.region === 'string' ? properties.region : undefined);
}

function checked(found: Failure[]): pb.CheckResponse {
  const said = ({ property, reason }: Failure) =>
    new pb.CheckFailure().setProperty(property).setReason(reason);
  return new pb.CheckResponse().setFailuresList(found.map(said));
}

function checkConfiguration(request: pb.CheckRequest): pb.CheckResponse {
  const raw = (request.getNews()?.toJavaScript() ?? {}) as Properties;
  // the inputs go back as they came, so that what is secret in them stays marked
  return checked(readConfiguration(raw).failures).setInputs(request.getNews());
}

function checkResource(request: pb.CheckRequest): pb.CheckResponse {
  const type = typeOf(request.getUrn());
  const { inputs } = resourceOf(type);
  const news = fromStruct(request.getNews());
  return checked(failures(type, inputs, news)).setInputs(toStruct(normalize(inputs, news)));
}

function diffResource(request: pb.DiffRequest, { configuration }: Configured): pb.DiffResponse {
  const resource = resourceOf(typeOf(request.getUrn()));
  const outputs = fromStruct(request.getOlds());
  const inputs = request.hasOldInputs() ? fromStruct(request.getOldInputs()) : outputs;
  const news = fromStruct(request.getNews());
  const found = changes(resource, { inputs, outputs }, news, configuration);
  const replaces = found.filter(({ replace }) => replace).map(({ path }) => path);
  const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
  const response = new pb.DiffResponse()
    .setChanges(found.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setReplacesList(replaces)
    .setDiffsList(found.map(({ path }) => path))
    .setDeletebeforereplace(replaces.length > 0 && keepsName(resource, inputs, news, found))
    .setHasdetaileddiff(true);
  for (const change of found) {
    const detail = new pb.PropertyDiff().setKind(kindOf(change)).setInputdiff(true);
    response.getDetaileddiffMap().set(change.path, detail);
  }
  return response;
}

function kindOf({ kind, replace }: Change): pb.PropertyDiff.Kind {
  const kinds = pb.PropertyDiff.Kind;
  if (kind === 'add') return replace ? kinds.ADD_REPLACE : kinds.ADD;
  if (kind === 'delete') return replace ? kinds.DELETE_REPLACE : kinds.DELETE;
  return replace ? kinds.UPDATE_REPLACE : kinds.UPDATE;
}

async function createResource(request: pb.CreateRequest, provider: Configured): Promise<pb.CreateResponse> {
  const resource = resourceOf(typeOf(request.getUrn()));
  const inputs = fromStruct(request.getProperties());
  const { region, defaultTags } = provider.configuration;
  if (request.getPreview()) {
    const outputs = foreseen(resource, region, undefined, inputs, defaultTags);
    return new pb.CreateResponse().setProperties(toStruct(outputs));
  }
  const { id, outputs } = await create(resource, clientsFor(provider, inputs), inputs, defaultTags);
  return new pb.CreateResponse().setId(id).setProperties(toStruct(outputs));
}

async function readResource(request: pb.ReadRequest, provider: Configured): Promise<pb.ReadResponse> {
  const type = typeOf(request.getUrn());
  const resource = resourceOf(type);
  const state = fromStruct(request.getProperties());
  const imported = resource.identity.every((name) => state[name] === undefined);
  const known = imported ? importIdentity(type, resource, request.getId()) : state;
  const inputs = fromStruct(request.getInputs());
  const aws = clientsFor(provider, known);
  const now = await readState(resource, aws, known, inputs, provider.configuration.defaultTags);
  if (!now) return new pb.ReadResponse();
  return new pb.ReadResponse()
    .setId((imported && resource.id?.(now.outputs)) || request.getId().replace(inRegion, ''))
    .setProperties(toStruct(now.outputs))
    .setInputs(toStruct(now.inputs));
}

/** An id to import may end in the Region where the resource is, as in release 7 of the official plugin. */
const inRegion = /@[a-z]{2}(-[a-z]+)+-\d{1,2}$/;

function importIdentity(type: string, resource: Resource, id: string): Properties {
  const region = resource.inputs.region && inRegion.exec(id)?.[0].slice(1);
  const identity = resource.parse(region ? id.replace(inRegion, '') : id);
  if (!identity) throw new Error(`id "${id}" does not name a ${type}: its form is ${resource.importForm}`);
  return region ? { ...identity, region } : identity;
}

async function updateResource(request: pb.UpdateRequest, provider: Configured): Promise<pb.UpdateResponse> {
  const resource = resourceOf(typeOf(request.getUrn()));
  const outputs = fromStruct(request.getOlds());
  const old = { outputs, inputs: request.hasOldInputs() ? fromStruct(request.getOldInputs()) : outputs };
  const news = fromStruct(request.getNews());
  const { region, defaultTags } = provider.configuration;
  const after = request.getPreview()
    ? foreseen(resource, region, outputs, news, defaultTags)
    : await update(resource, clientsFor(provider, outputs), old, news, defaultTags);
  return new pb.UpdateResponse().setProperties(toStruct(after));
}
