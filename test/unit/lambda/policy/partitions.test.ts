import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { consoleHost, partitionNamed, partitions } from '../../../../lambda/policy/partitions.ts';
import { repository, text, tracked } from '../../../worlds/repository.ts';

interface Known {
  readonly id: string;
  readonly outputs: { readonly dnsSuffix: string; readonly implicitGlobalRegion: string };
  readonly regions: Readonly<Record<string, unknown>>;
}

const file = 'node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js';
/** The table that the AWS SDK resolves endpoints by. */
const { partitionsInfo } = (await import(path.join(repository, file))) as {
  partitionsInfo: { partitions: readonly Known[] };
};

describe.each(Object.entries(partitions))('the row of %s', (partition, row) => {
  const known = partitionsInfo.partitions.find(({ id }) => id === partition);

  it('has the DNS suffix, the global Region and every Region that the AWS SDK knows', () => {
    expect(row.dnsSuffix).toBe(known?.outputs.dnsSuffix);
    expect(row.organizationsRegion).toBe(known?.outputs.implicitGlobalRegion);
    const regions = Object.keys(known?.regions ?? {}).filter((region) => !region.endsWith('-global'));
    expect(regions).not.toEqual([]);
    expect(regions.filter((region) => !row.regions.includes(region))).toEqual([]);
  });

  it('lists the Region of AWS Organizations, and a console for it', () => {
    expect(row.regions).toContain(row.organizationsRegion);
    expect(consoleHost(partition, row.organizationsRegion)).toBe(`${row.organizationsRegion}.${row.console}`);
  });
});

it('has a row for every partition of the AWS SDK but the isolated ones', () => {
  const open = partitionsInfo.partitions.map(({ id }) => id).filter((id) => !id.startsWith('aws-iso'));
  expect(Object.keys(partitions).toSorted()).toEqual(open.toSorted());
});

it.each(['aws-iso', '', 'toString'])('knows nothing of partition %j', (partition) => {
  expect(partitionNamed(partition)).toBeUndefined();
  expect(consoleHost(partition, 'us-iso-east-1')).toBeUndefined();
});

it('is the only place that names the DNS suffixes, consoles and Regions of other partitions', () => {
  const others =
    /amazonaws\.(com\.cn|cn|eu)\b|amazonaws-us-gov|amazonaws-eusc|console\.aws\.amazon|us-gov-west-1'/;
  const code = tracked.filter((each) => /^(lambda|programs|controlplane)\/.*\.(ts|mjs)$/.test(each));
  expect(code.length).toBeGreaterThan(100);
  expect(code.filter((each) => others.test(text(each)))).toEqual(['lambda/policy/partitions.ts']);
});
