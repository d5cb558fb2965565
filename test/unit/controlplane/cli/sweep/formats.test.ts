import { describe, expect, test } from 'vitest';
import { htmlPage } from '../../../../../controlplane/cli/sweep/html.ts';
import { csvLines, jsonLines } from '../../../../../controlplane/cli/sweep/lines.ts';
import { renderTable } from '../../../../../controlplane/cli/sweep/table.ts';
import { finding, full, result } from './sample.ts';

const page = (given = full()) => [...htmlPage(given)].join('');

describe('a table', () => {
  test('has the counts first, then findings, what was not evaluated, not checked and not read', () => {
    expect(
      renderTable(full())
        .split('\n')
        .map((line) => line.trimEnd()),
    ).toEqual([
      'Checked 3 of 4 cells (an account in a Region) in 2 accounts, 9 security groups',
      'Forbidden by the policy: 1 rule in 1 account',
      'By exposure: 1 reachable',
      'By severity: 1 critical',
      'Allowed by an exception: 1 rule',
      'Could not be evaluated: 1 rule',
      'Not checked: 2, listed below with the reasons',
      'Policy: abcdef012345',
      '',
      'EXPOSURE   SEVERITY  ACCOUNT              REGION     GROUP       RULE              POLICY RULE  OWNER',
      'reachable  critical  111111111111 (shop)  eu-west-1  sg-1 (web)  tcp/22/0.0.0.0/0  admin-ports  team-web (tag of the group)',
      'excepted             111111111111 (shop)  eu-west-1  sg-2 (web)  tcp/22/0.0.0.0/0  admin-ports  team-web (tag of the group)',
      '',
      'Could not be evaluated:',
      '111111111111 (shop)  eu-west-1  sg-3  tcp 22 22 pl-1  pl-1 was not read',
      '',
      'Not checked:',
      '111111111111 (shop)      us-east-1     UnauthorizedOperation: no',
      '222222222222 (payments)  every Region  the role is missing',
      '',
      'Not read:',
      '111111111111 (shop)  eu-west-1  who opened the rules could not be read: no',
      '',
    ]);
  });

  test('of a clean organization is the counts alone', () => {
    expect(renderTable(result()).split('\n')).toEqual([
      'Checked 4 of 4 cells (an account in a Region) in 2 accounts, 9 security groups',
      'Forbidden by the policy: 0 rules in 0 accounts',
      'Policy: abcdef012345',
      '',
    ]);
  });

  test('moves no cursor', () => {
    const name = 'a\u001b[2Jb\nc';
    expect(renderTable(result({ findings: [finding({ groupName: name })] }))).toContain('sg-1 (a [2Jb c)');
  });
});

describe('CSV', () => {
  test('has a line for each finding, doubt and cell that was not checked, all with the same columns', () => {
    const lines = [...csvLines(full())].map((line) => line.trimEnd().split(','));
    expect(lines.map(([kind]) => kind)).toEqual([
      ...['kind', 'finding', 'excepted', 'undecided', 'not-checked', 'not-checked'],
    ]);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  });

  test('names every protocol, and no port of it', () => {
    const [, line] = [
      ...csvLines(result({ findings: [finding({ protocol: '-1', fromPort: -1, toPort: -1 })] })),
    ];
    expect(line).toContain(',all,,,0.0.0.0/0,');
  });
});

describe('JSON lines', () => {
  test('move no cursor, and do not change the direction of text', () => {
    const owner = { by: 'group-tag', tag: 'Owner', value: 'a\u009b2J\u202eb' } as const;
    const [line] = [...jsonLines(result({ findings: [finding({ owner })] }))];
    expect(JSON.parse(line ?? '')).toMatchObject({ owner: { value: 'a2Jb' } });
  });

  test('end with the summary', () => {
    const lines = [...jsonLines(full())].map((line) => JSON.parse(line));
    expect(lines.map(({ type, open }) => [type, open])).toEqual(
      [
        ...[['finding', true], ['finding', false], ['undecided'], ['not-checked'], ['not-checked'], ['note']],
        ['summary'],
      ].map(([type, open]) => [type, open]),
    );
    expect(lines.at(-1)).toMatchObject({
      ...{ accounts: 2, cells: 4 },
      counts: {
        open: 1,
        excepted: 1,
        undecided: 1,
        cellsChecked: 3,
        notChecked: 2,
        byExposure: { reachable: 1 },
      },
    });
  });
});

describe('HTML', () => {
  test('escapes what others wrote, in every column', () => {
    const bad = `<script>alert("x")</script>'&`;
    const owner = { by: 'group-tag', tag: 'Owner', value: bad } as const;
    const exposure = { level: 'reachable', why: bad, addresses: [bad] } as const;
    const findings = [
      finding({ groupName: bad, accountName: bad, source: bad, policyRule: bad, why: bad, owner, exposure }),
    ];
    const notChecked = [{ accountId: bad, accountName: bad, region: bad, reason: bad }];
    const html = page(result({ findings, notChecked, organizationId: bad }));
    expect(html).not.toMatch(/<script|alert\("|'&[^#]/);
    expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;');
  });

  test('allows its own style and nothing else, and has nothing to load', () => {
    const html = page();
    expect(html).toMatch(
      /content="default-src &#39;none&#39;; style-src &#39;sha256-[\w+/]{43}=&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"/,
    );
    expect(html).not.toMatch(/<(script|link|img|iframe|object|form|a) |\son\w+=|url\(|@import|https?:/);
  });

  test('has a section for what was not checked, and none that is empty', () => {
    expect(page()).toMatch(/<h2>Not checked \(2\)<\/h2>/);
    expect(page(result())).not.toMatch(/<h2>/);
  });
});
