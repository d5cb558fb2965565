import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import type { Uses } from '../services/services.ts';
import { reasonOf } from '../settings/errors.ts';
import { unknownRegion, unlistedRegions } from '../settings/regions.ts';
import type { FactStore } from '../store/facts.ts';

interface Given extends Uses<{ aws: 'ec2'; settings: 'hub' | 'regions' | 'controlTowerRegion' }> {
  readonly facts: Pick<FactStore, 'get' | 'set'>;
  /** How long AWS may take to answer, milliseconds. */
  readonly patienceMs?: number;
}

/** Regions that AWS returned once and that this release does not list. */
const factName = 'newer Regions';

/** Every Region of the partition, also disabled ones, by EC2 in the hub account. */
async function askAws({ aws, settings: { hub }, patienceMs = 20_000 }: Given): Promise<string[]> {
  const answer = (async () => {
    const client = await aws.ec2(hub.accountId, hub.region);
    const { Regions = [] } = await client.send(new DescribeRegionsCommand({ AllRegions: true }));
    return Regions.flatMap(({ RegionName }) => RegionName ?? []);
  })();
  answer.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${patienceMs} ms`)), patienceMs);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

type Naming = Parameters<typeof unknownRegion>[0];

async function requireKnown(given: Given, naming: Naming, names: readonly string[]): Promise<void> {
  const unlisted = unlistedRegions(naming, names);
  if (unlisted.length === 0) return;
  const before = (await given.facts.get<string[]>(factName))?.value ?? [];
  const missing = unlisted.filter((name) => !before.includes(name));
  const [first] = missing;
  if (first === undefined) return;
  let answered: string[];
  try {
    answered = await askAws(given);
  } catch (error) {
    throw unknownRegion(naming, first, `, and AWS could not be asked about it (${reasonOf(error)})`);
  }
  const unknown = missing.find((name) => !answered.includes(name));
  if (unknown !== undefined) throw unknownRegion(naming, unknown);
  await given.facts.set(factName, [...before, ...missing]);
}

/**
 * Rejects Regions that do not exist: neither this release nor AWS lists them. Remembers Regions that AWS returned, so
 * that a later start does not depend on AWS.
 */
export function regionNames(given: Given) {
  const { hub, regions = [], controlTowerRegion } = given.settings;
  const home = hub.region;
  return {
    /** @throws PortcullisError `invalid-environment` with the setting and the most similar Region */
    async requireSettings() {
      const check = (field: string, names: readonly string[]) =>
        requireKnown(given, { field, code: 'invalid-environment', home }, names);
      await check('PORTCULLIS_HUB_REGION', [home]);
      await check('PORTCULLIS_REGIONS', regions);
      await check('PORTCULLIS_CONTROL_TOWER_REGION', controlTowerRegion ? [controlTowerRegion] : []);
    },
    /** @throws PortcullisError `invalid-request`, in the same way */
    requireScope: (names: readonly string[] = []) =>
      requireKnown(given, { field: 'regions', code: 'invalid-request', home }, names),
  };
}
