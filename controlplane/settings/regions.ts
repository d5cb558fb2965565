import { type ErrorCode, PortcullisError } from './errors.ts';
import { partitionOfRegion, regionsByPartition } from './partition.ts';

/** `eu-west-1`, `us-gov-east-1`, `ap-southeast-7`. */
const form = /^[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}$/;

/** Edits that turn one text into the other: a character more, less or another, or two neighbours swapped. Pure. */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= from.length; row += 1) {
    rows.push([row]);
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      rows[row]?.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + (same ? 0 : 1),
          swapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return at(from.length, to.length);
}

/** More edits than these are another name, not a slip of the hand. */
const mostEdits = 3;

/** The name that was most likely meant; undefined where none is near. Pure. */
export function closestName(name: string, candidates: readonly string[]): string | undefined {
  const [nearest] = candidates
    .map((candidate) => ({ candidate, edits: editDistance(name.toLowerCase(), candidate) }))
    .filter(({ edits }) => edits <= mostEdits)
    .sort((a, b) => a.edits - b.edits);
  return nearest?.candidate;
}

interface Naming {
  /** The setting or the field of a request that names the Regions. */
  readonly field: string;
  readonly code: Extract<ErrorCode, 'invalid-environment' | 'invalid-request'>;
  /** A Region of the partition that all have to be in. */
  readonly home: string;
}

const among = (home: string): readonly string[] => regionsByPartition[partitionOfRegion(home) ?? 'aws'] ?? [];

/** The error about a Region that does not exist, with the one that was probably meant. Pure. */
export function unknownRegion({ field, code, home }: Naming, name: string, why = ''): PortcullisError {
  const meant = closestName(
    name,
    among(home).filter((region) => region !== name),
  );
  const hint = meant ? `; did you mean ${meant}?` : '; name AWS Regions such as eu-west-1';
  const what =
    code === 'invalid-request' ? `${field}: ${name} is not` : `${field} names ${name}, which is not`;
  return new PortcullisError(code, `${what} a known AWS Region${why}${hint}`);
}

/**
 * The names that are formed as a Region's and that this program does not list: AWS has to be asked about them. Pure.
 * @throws PortcullisError with the naming's code about one that cannot be a Region, or is in another partition than home.
 */
export function unlistedRegions(naming: Naming, names: readonly string[]): string[] {
  const partition = partitionOfRegion(naming.home);
  return names.filter((name) => {
    const own = partitionOfRegion(name);
    if (!form.test(name)) throw unknownRegion(naming, name);
    if (own && partition && own !== partition)
      throw new PortcullisError(
        naming.code,
        `${naming.field} names ${name} of partition ${own}, and the hub is in partition ${partition}; name Regions of ${partition}`,
      );
    return own === undefined;
  });
}
