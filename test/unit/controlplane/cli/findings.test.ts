import { beforeEach, describe, expect, test } from 'vitest';
import { findingHead, findingRow } from '../../../../controlplane/cli/output/finding-csv.ts';
import { describeIngress } from '../../../../controlplane/cli/output/findings.ts';
import type {
  FindingsView,
  FindingView,
  FindingWithHistoryView,
} from '../../../../controlplane/http/schemas/finding.ts';
import { cli } from './cli.ts';
import { serviceOfTests } from './service.ts';

const at = '2026-03-02T09:00:10.000Z';
const finding = (change: Partial<FindingView> = {}): FindingView => ({
  ...{ id: 'f-1', accountId: '300000000001', region: 'eu-west-1', groupId: 'sg-1', groupName: 'web' },
  ...{ vpcId: 'vpc-1', ruleId: 'sgr-1', protocol: 'tcp', fromPort: 22, toPort: 22, source: '0.0.0.0/0' },
  ...{ policyRule: 'admin-ports', policyDigest: 'f00d', severity: 'critical', mode: 'revoke' },
  ...{ why: 'public', exceptions: [], exposure: 'reachable', exposureWhy: 'a public address' },
  ...{ addresses: ['203.0.113.7'], exposureReadAt: at, openedBy: null, state: 'open', stateSince: at },
  owner: { by: 'group-tag', tag: 'team', value: '=cmd()' },
  ...{ firstSeen: at, lastSeen: at, readAt: at, cameIn: 'sweep', cameInBy: 's-1' },
  controls: [{ standard: 'security-hub', control: 'EC2.13' }],
  ...change,
});
const counts: FindingsView['counts'] = {
  state: { open: 3, excepted: 0, remediated: 0, resolved: 0 },
  severity: { critical: 2, high: 0, medium: 0, low: 1, none: 0 },
  exposure: { reachable: 3, attached: 0, unattached: 0, unknown: 0 },
};
const whole: FindingWithHistoryView = {
  ...finding({ exceptions: [{ name: 'bastion', expires: null }], state: 'excepted' }),
  missedEvent: null,
  history: [{ at, from: null, to: 'open', cause: 'sweep', causeId: 's-1', recordedAt: at }],
};

/** A service with three findings in pages of two at most. */
const service = serviceOfTests();
const paths = () => service.asked.map(({ path }) => path);
beforeEach(() => {
  service.answers['/v1/findings/f-1'] = { body: whole };
  service.other = ({ path }) => {
    const { searchParams } = new URL(path, service.url);
    if (searchParams.get('olderThan') === '9999')
      return {
        status: 400,
        body: { code: 'invalid-request', detail: 'olderThan: must be 3650 days or less' },
      };
    const start = Number(searchParams.get('cursor'));
    const end = start + Math.min(Number(searchParams.get('limit')), 2);
    const findings = ['f-1', 'f-2', 'f-3'].slice(start, end).map((id) => finding({ id }));
    const next = end < 3 ? String(end) : null;
    return { body: { findings, next, total: 3, counts: start === 0 ? counts : null } };
  };
});

describe('portcullis findings', () => {
  test('is a table of what is open, with the counts of all', async () => {
    const { exit, out } = await cli('findings', '--limit', '2');
    expect(exit).toBe(0);
    expect(paths()).toEqual(['/v1/findings?state=open&limit=2']);
    expect(out).toMatch(/^SEVERITY +STATE +EXPOSURE +ACCOUNT/);
    expect(out).toMatch(
      /critical +open +reachable +300000000001 +eu-west-1 +sg-1 +tcp 22 from 0\.0\.0\.0\/0/,
    );
    expect(out).toContain('2 of 3; --limit shows more');
    expect(out).toContain('severity: 2 critical, 1 low');
    expect(out).not.toContain('0 high');
  });

  test('passes every filter on by its name in the API', async () => {
    const place = '--account 300000000001 --ou ou-1 --region eu-west-1';
    const other = '--severity low --exposure attached --state all --owner shop --policy-rule x';
    await cli('findings', ...`${place} ${other} --older-than 30 --sort oldest`.split(' '));
    expect(paths()[0]).toBe(
      '/v1/findings?account=300000000001&organizationalUnit=ou-1&region=eu-west-1&severity=low&exposure=attached&owner=shop&policyRule=x&olderThan=30&sort=oldest&limit=100',
    );
  });

  test.each(['--json', '--format=json'])('with %s is one JSON value with all pages', async (option) => {
    const { out } = await cli('findings', option);
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({ total: 3, next: null, counts });
    expect(answer.findings.map(({ id }: FindingView) => id)).toEqual(['f-1', 'f-2', 'f-3']);
  });

  test('as JSON lines has one line for each finding of every page', async () => {
    const { out } = await cli('findings', '--format', 'jsonl');
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual(['f-1', 'f-2', 'f-3']);
  });

  test('as CSV has a head and no formula', async () => {
    const { out } = await cli('findings', '--format', 'csv');
    const [head, first, ...more] = out.trimEnd().split('\r\n');
    expect(`${head}\r\n`).toBe(findingHead);
    expect(first).toContain(",'=cmd(),group-tag,team,");
    expect(more).toHaveLength(2);
  });

  test('stops at the limit where the format has all by default', async () => {
    const { out } = await cli('findings', '--format', 'jsonl', '--limit', '1');
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    expect(paths()).toHaveLength(1);
  });

  test('shows one finding with its history', async () => {
    const { out } = await cli('findings', 'f-1');
    expect(paths()).toEqual(['/v1/findings/f-1']);
    expect(out).toMatch(/state: +excepted since 2026-03-02T09:00Z/);
    expect(out).toMatch(/exceptions: +bastion until ended/);
    expect(out).toMatch(/controls: +AWS Security Hub CSPM EC2\.13/);
    expect(out).toMatch(/2026-03-02T09:00Z +new -> open +sweep s-1/);
  });

  test.each([
    [['--severity', 'worst'], /--severity must not be worst.*critical, high/],
    [['--exposure', 'reachabel'], /--exposure must not be reachabel. Did you mean reachable/],
    [['--state', 'closed'], /--state must not be closed/],
    [['--sort', 'age'], /--sort must not be age/],
    [['--format', 'xml'], /--format must not be xml/],
    [['--older-than', 'week'], /--older-than must be a whole number/],
    [['--limit', 'x'], /--limit must be a whole number/],
    [['--limit', '0'], /--limit must be 1 or more/],
    [['--json', '--format', 'csv'], /leave --json or --format csv out/],
    [['f-1', '--state', 'open'], /leave --state out/],
    [['--older-than', '9999'], /--older-than: must be 3650 days or less/],
  ])('%j is refused and names the flag', async (args, message) => {
    expect(await cli('findings', ...args)).toMatchObject({
      ...{ exit: 2, out: '', complaint: expect.stringMatching(message) },
    });
  });
});

test.each<[Partial<FindingView>, string]>([
  [{}, 'tcp 22 from 0.0.0.0/0'],
  [{ fromPort: 20, toPort: 25 }, 'tcp 20-25 from 0.0.0.0/0'],
  [{ protocol: '-1', fromPort: null, toPort: null, source: '::/0' }, 'everything from ::/0'],
  [{ protocol: 'icmp', fromPort: -1, toPort: -1 }, 'icmp from 0.0.0.0/0'],
])('%j is described as %s', (change, words) => expect(describeIngress(finding(change))).toBe(words));

test('a row of CSV has a cell for each column', () => {
  const cellsOf = (row: string) => row.trimEnd().split(',');
  const [head, cells] = [findingHead, findingRow(finding({ protocol: '-1', fromPort: -1, toPort: -1 }))].map(
    cellsOf,
  );
  expect(Object.fromEntries((head ?? []).map((name, index) => [name, cells?.[index]]))).toMatchObject({
    ...{ id: 'f-1', state: 'open', severity: 'critical', exposure: 'reachable', account: '300000000001' },
    ...{ group_id: 'sg-1', protocol: 'all', from_port: '', to_port: '', addresses: '203.0.113.7' },
    ...{ owner_by: 'group-tag', owner_tag: 'team', controls: 'security-hub:EC2.13', policy_digest: 'f00d' },
  });
  expect(cells).toHaveLength(head?.length ?? 0);
});
