import grpc from '@grpc/grpc-js';
import pb from '@pulumi/pulumi/proto/provider_pb.js';
import statuspb from '@pulumi/pulumi/proto/status_pb.js';
import anypb from 'google-protobuf/google/protobuf/any_pb.js';
import { Unfinished } from './lifecycle.ts';
import { toStruct } from './struct.ts';

/**
 * The error as the engine takes it: what was being done, then the API's code and message. For an unfinished resource
 * it carries id and properties in the trailer Go's gRPC reads details from, so that the engine keeps the resource.
 */
export function grpcError(error: unknown, doing: string): grpc.ServiceError | grpc.StatusObject {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const text = `${doing}: ${name === 'Error' ? '' : `${name}: `}${message}`;
  const metadata = new grpc.Metadata();
  if (error instanceof Unfinished) {
    const detail = new pb.ErrorResourceInitFailed()
      .setId(error.id)
      .setProperties(toStruct(error.state))
      .setInputs(toStruct(error.inputs))
      .setReasonsList([text]);
    const any = new anypb.Any();
    any.pack(detail.serializeBinary(), 'pulumirpc.ErrorResourceInitFailed');
    const status = new statuspb.Status().setCode(grpc.status.UNKNOWN).setMessage(text);
    status.addDetails(any);
    metadata.add('grpc-status-details-bin', Buffer.from(status.serializeBinary()));
  }
  return { code: grpc.status.UNKNOWN, details: text, metadata };
}
