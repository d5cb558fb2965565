import { isIP } from 'node:net';
import { PortcullisError } from '../../settings/errors.ts';

/** Probes send the address of a pod or a name of the cluster, and these answers contain no secret. */
const exempt = new Set(['/healthz', '/readyz']);

/** The host name of a `Host` header, in small letters; undefined where it is none. */
function nameOf(header: string | undefined): string | undefined {
  const found = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s/@]+))(?::\d{1,5})?$/i.exec(header ?? '');
  return (found?.[1] ?? found?.[2])?.toLowerCase().replace(/\.$/, '');
}

interface Asked {
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

type HeaderLines = Readonly<Record<string, readonly string[] | undefined>>;

/**
 * The host that a request is for. That of an absolute target stands above the Host header.
 * Source: RFC 9112, sections 3.2 and 3.2.2. @throws PortcullisError `invalid-request` where there are two Host headers
 */
export function requestedHost(target: string, { host = [] }: HeaderLines): string | undefined {
  if (host.length > 1)
    throw new PortcullisError('invalid-request', `Host: send one header, not ${host.length}`);
  return /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i.exec(target)?.[1] ?? host[0];
}

const pageSchemes = new Set(['http:', 'https:']);

/**
 * Checks the host that a request is for, and the page that it comes from, before anyone is authenticated. A page that
 * points its own name at this address (DNS rebinding) sends that name: an address and a loopback name pass, another
 * name must be in the list. Pure.
 * @throws PortcullisError `misdirected`, `foreign-origin`
 */
export function hostCheck(allowedHosts: readonly string[]): (asked: Asked) => void {
  const allowed = new Set(allowedHosts.map((name) => name.toLowerCase()));
  const isOurs = (name: string) =>
    name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0 || allowed.has(name);
  const isOwnPage = (origin: string, host: string | undefined) => {
    if (!URL.canParse(origin)) return false;
    const page = new URL(origin);
    if (!pageSchemes.has(page.protocol) || page.username || page.password) return false;
    return page.host === host?.toLowerCase() || allowed.has(page.hostname);
  };
  return ({ path, host, origin }) => {
    const name = nameOf(host);
    if (!exempt.has(path) && (name === undefined || !isOurs(name)))
      throw new PortcullisError(
        'misdirected',
        'Host: this service does not answer to that name; use its address, or add the name to PORTCULLIS_ALLOWED_HOSTS',
      );
    if (origin !== undefined && !isOwnPage(origin, host))
      throw new PortcullisError(
        'foreign-origin',
        'Origin: a page of another site may not call this service; add its host name to PORTCULLIS_ALLOWED_HOSTS if it is yours',
      );
  };
}
