import structpb, { type JavaScriptValue } from 'google-protobuf/google/protobuf/struct_pb.js';
import { isObject, type Properties, type Value } from './field.ts';

const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';
const OUTPUT = 'd0e6a833031e9bbcd3f4e8bde6ca49a4';

/**
 * Properties from the wire. Unknowns and archives keep their markers. The provider declares that it accepts neither
 * secrets nor output values, so that the engine tracks them itself. @throws when one arrives anyway, because its value
 * would be stored in the clear.
 */
export function fromStruct(struct: structpb.Struct | undefined): Properties {
  const properties = (struct?.toJavaScript() ?? {}) as Properties;
  for (const [name, value] of Object.entries(properties)) refuseMarked(name, value);
  return properties;
}

function refuseMarked(path: string, value: Value | undefined): void {
  if (typeof value !== 'object' || value === null) return;
  const mark = isObject(value) ? value[SIGNATURE] : undefined;
  if (mark === SECRET || mark === OUTPUT) {
    throw new Error(
      `property "${path}" arrived as a secret or an output value, which this provider does not take`,
    );
  }
  for (const [name, held] of Object.entries(value)) refuseMarked(`${path}.${name}`, held);
}

/** Properties for the wire; absent and null ones are left out, at any depth. */
export function toStruct(properties: Properties): structpb.Struct {
  return structpb.Struct.fromJavaScript(pruned(properties) as { [key: string]: JavaScriptValue });
}

function pruned(value: Properties): { [key: string]: Value } {
  const kept: { [key: string]: Value } = {};
  for (const [name, held] of Object.entries(value)) {
    if (held === undefined || held === null) continue;
    kept[name] = isObject(held) ? pruned(held) : held;
  }
  return kept;
}
