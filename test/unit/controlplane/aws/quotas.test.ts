import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { anyOther, quotaOf, quotas } from '../../../../controlplane/aws/quotas.ts';

const repository = path.resolve(import.meta.dirname, '../../../..');

describe('the table of quotas', () => {
  test('stands in docs/quotas.md as the code has it', () => {
    execFileSync(process.execPath, ['docs/write-quotas.ts', '--check'], { cwd: repository, timeout: 30_000 });
  });

  test('says of every number where it comes from', () => {
    for (const { service, source } of [...quotas, { ...anyOther, service: 'any other' }])
      expect(source, service).toMatch(/assumed|".+"|issue \d+/);
  });

  test('covers the operations of every service with a row of its own', () => {
    for (const service of new Set(quotas.map((quota) => quota.service)))
      if (service !== 'EventBridge') expect(quotaOf(service, 'AnyOperation'), service).not.toBe(anyOther);
  });

  test.each([
    ['Organizations', 'ListRoots', 'organization', 2],
    ['Organizations', 'ListAccounts', 'organization', 5],
    ['Account', 'GetRegionOptStatus', 'organization', 5],
    ['STS', 'AssumeRole', 'organization', 300],
    ['EC2', 'DescribeRegions', 'account', 20],
    ['EC2', 'AuthorizeSecurityGroupIngress', 'account', 5],
    ['CloudTrail', 'GetTrailStatus', 'account', 10],
    ['KMS', 'Decrypt', 'account', 10],
  ])('has a row for %s %s', (service, operation, scope, rate) => {
    expect(quotaOf(service, operation)).toMatchObject({ scope, rate });
  });

  test('is about services that the control plane has clients of', () => {
    const made = [
      ...readFileSync(path.join(repository, 'controlplane/aws/clients.ts'), 'utf8').matchAll(
        /new (\w+)Client\(/g,
      ),
    ];
    const clients = made.map(([, name]) => name);
    const extra = quotas.map(({ service }) => service).filter((service) => !clients.includes(service));
    expect(new Set(extra)).toEqual(new Set(['Account']));
  });
});
