import { expect, test } from 'vitest';
import { inOrder } from '../../../../../controlplane/sweep/standalone/result.ts';
import { finding } from '../../cli/sweep/sample.ts';

test('findings come by what a person acts on first', () => {
  const exposed = (level: 'reachable' | 'unattached', groupId: string, severity: string | null) =>
    finding({ groupId, severity, exposure: { level, why: '', addresses: [] } });
  const excepted = finding({ groupId: 'sg-0', exceptions: [{ name: 'bastion', expires: null }] });
  const given = [
    excepted,
    exposed('unattached', 'sg-4', 'critical'),
    exposed('reachable', 'sg-3', null),
    exposed('reachable', 'sg-2', 'high'),
    exposed('reachable', 'sg-1', 'high'),
  ];
  const ids = ['sg-1', 'sg-2', 'sg-3', 'sg-4', 'sg-0'];
  expect(inOrder(given).map(({ groupId }) => groupId)).toEqual(ids);
  expect(inOrder([...given].reverse()).map(({ groupId }) => groupId)).toEqual(ids);
});
