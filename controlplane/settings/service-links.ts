const prefix = /^PORTCULLIS_/;

/** What Kubernetes adds to a container for each Service, by the name alone; Service names may have more words. */
const linkName =
  /^PORTCULLIS_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;

/** `PORTCULLIS_PORT` is a setting as well, so that its value decides. */
const portName = /^PORTCULLIS_(?:[A-Z0-9_]+_)?PORT$/;
const portLink = /^(?:tcp|udp|sctp):\/\//;

/**
 * Whether Kubernetes made this variable for a Service whose name begins with "portcullis". Pure.
 * Source: Kubernetes documentation, "Service", "Environment variables".
 */
export const isServiceLink = (name: string, value: string): boolean =>
  prefix.test(name) && (linkName.test(name) || (portName.test(name) && portLink.test(value)));

/** What the log says about them. */
export const serviceLinksIgnored =
  'ignored variables that Kubernetes made for a Service (service links); set enableServiceLinks: false in the pod to leave them out';
