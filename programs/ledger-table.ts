import { Table } from '@pulumi/aws/dynamodb/table.js';
import { names } from './names.ts';
import { type At, tags } from './provider.ts';

/**
 * Declares the remediation Lambda's table. Entries expire at `expiresAt`; the last 35 days can be restored to any
 * second.
 */
export function ledgerTable({ provider, placed }: At): Table {
  return new Table(
    names.table,
    {
      ...placed,
      name: names.table,
      billingMode: 'PAY_PER_REQUEST',
      hashKey: 'key',
      attributes: [{ name: 'key', type: 'S' }],
      ttl: { attributeName: 'expiresAt', enabled: true },
      pointInTimeRecovery: { enabled: true },
      serverSideEncryption: { enabled: true },
      tags: tags('hub'),
    },
    { provider },
  );
}
