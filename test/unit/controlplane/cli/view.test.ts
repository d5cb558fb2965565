import { describe, expect, test } from 'vitest';
import { renderStatus } from '../../../../controlplane/cli/commands/status.ts';
import { progressView, standingOf } from '../../../../controlplane/cli/output/progress.ts';
import type { AccountRecord } from '../../../../controlplane/store/accounts.ts';
import type { Confirmation } from '../../../../controlplane/store/confirmations.ts';
import type { StackRecord } from '../../../../controlplane/store/stacks.ts';
import { runOf, stackOf } from './run-sample.ts';

describe('progress', () => {
  const underWay = runOf({
    state: 'running',
    finishedAt: null,
    stacks: [
      stackOf('hub', 'succeeded'),
      stackOf('a', 'failed', { message: 'denied' }),
      stackOf('b', 'running'),
      stackOf('c', 'pending'),
    ],
  });
  const shown = (screen: { isTTY?: boolean; columns?: number }, times: number) => {
    let out = '';
    const view = progressView({ ...screen, write: (text) => (out += text) });
    for (let n = 0; n < times; n += 1) view.show(underWay);
    view.end();
    return out;
  };

  test('counts what is done, running and failed, and the time left at this pace', () => {
    expect(standingOf(underWay, 10_000)).toEqual({
      total: 4,
      done: 2,
      running: ['b'],
      failed: 1,
      secondsLeft: 10,
    });
    expect(standingOf(runOf({ stacks: [stackOf('a', 'pending')] }), 10_000).secondsLeft).toBeUndefined();
  });

  test('is one plain line a stack, once, where there is no terminal', () => {
    expect(shown({}, 3)).toBe('succeeded hub\nfailed    a  denied\n');
  });

  test('is one line rewritten in place on a terminal, failures above it', () => {
    const out = shown({ isTTY: true, columns: 120 }, 1);
    expect(out).toContain('failed    a  denied\n');
    expect(out).not.toContain('succeeded hub\n');
    expect(out).toMatch(/2 of 4 stacks done, 1 running, 1 failed/);
    expect(out.endsWith('\r\u001b[2K')).toBe(true);
  });

  test('leaves what a preview found to its plan', () => {
    let out = '';
    const view = progressView({ write: (text) => (out += text) });
    const found = [stackOf('hub', 'succeeded', { message: 'would create x; would create y' })];
    view.show(runOf({ kind: 'preview', stacks: [...found, stackOf('a', 'failed', { message: 'denied' })] }));
    expect(out).toBe('succeeded hub\nfailed    a  denied\n');
  });

  test('is never wider than the terminal', () => {
    const [line = ''] =
      shown({ isTTY: true, columns: 30 }, 1)
        .split('\n')
        .at(-1)
        ?.split('\r')
        .filter((part) => part.includes('done')) ?? [];
    expect(line.replace('\u001b[2K', '').length).toBeLessThan(30);
  });
});

describe('status', () => {
  const ok = { status: 'True', reason: 'Succeeded', message: '', since: '' } as const;
  const bad = (message: string) => ({ status: 'False', reason: 'Failed', message, since: '' }) as const;
  const account = (change: Partial<AccountRecord> = {}) =>
    ({
      id: '300000000001',
      name: 'one',
      state: 'ACTIVE',
      path: 'Production',
      regions: [],
      conditions: { Ready: ok, TrailsCovered: ok },
      ...change,
    }) as AccountRecord;
  const stack = (key: string, conditions: StackRecord['conditions']) =>
    ({ key, kind: 'region', accountId: '300000000001', region: 'eu-west-1', conditions }) as StackRecord;

  test('is healthy where every active account and stack is ready', () => {
    const { text, healthy } = renderStatus([account()], [stack('region-1', { Ready: ok })]);
    expect(healthy).toBe(true);
    expect(text).toMatch(/^ACCOUNT .*\n300000000001 +one +Production +ACTIVE +yes +1\/1 +0\/0 +no +0\/0$/);
  });

  test.each<[string, AccountRecord[], StackRecord[], string]>([
    ['no account is known', [], [], 'no account seen yet'],
    [
      'an account is not ready',
      [account({ conditions: { Ready: bad('denied') } })],
      [],
      '300000000001 Ready Failed: denied',
    ],
    ['an account was never reconciled', [account({ conditions: {} })], [], '300000000001'],
    [
      'no trail covers an account',
      [account({ conditions: { Ready: ok, TrailsCovered: bad('no trail') } })],
      [],
      'TrailsCovered Failed: no trail',
    ],
    [
      'a stack is not ready',
      [account()],
      [stack('region-1', { Ready: bad('broke') })],
      'region-1 not ready: broke',
    ],
    [
      'a stack drifted',
      [account()],
      [stack('region-1', { Ready: ok, Drifted: { ...bad('rule deleted'), status: 'True' } })],
      'region-1 drifted: rule deleted',
    ],
  ])('is not healthy where %s, and says so', (_, accounts, stacks, remark) => {
    const { text, healthy } = renderStatus(accounts, stacks);
    expect(healthy).toBe(false);
    expect(text).toContain(remark);
  });

  test('names an edit that lowers the policy, how to answer, and is not healthy while it waits', () => {
    const asked = (state: Confirmation['state'], kind: Confirmation['kind'] = 'policy-mode') =>
      [
        { id: 'c1', kind, state, about: 'lower the policy: rule ssh from revoke to observe' },
      ] as Confirmation[];
    const open = renderStatus([account()], [], [], { confirmations: asked('open') });
    expect(open.healthy).toBe(false);
    expect(open.text).toContain(
      'policy held: the file would lower the policy: rule ssh from revoke to observe; the hub keeps the last confirmed policy until portcullis confirm c1, or refuse',
    );
    const refused = renderStatus([account()], [], [], { confirmations: asked('refused') });
    expect(refused.healthy).toBe(true);
    expect(refused.text).toContain('policy refused: the file would lower the policy');
    for (const over of [asked('confirmed'), asked('open', 'offboarding')])
      expect(renderStatus([account()], [], [], { confirmations: over }).text).not.toContain('policy held');
  });

  test('names an escalated rule that is open, and is not healthy; says where nothing is revoked, and is', () => {
    const time = '2026-11-30T10:00:00.000Z' as unknown as Date;
    const open = { accountId: '300000000001', region: 'eu-west-1', groupId: 'sg-1', time };
    const escalated = renderStatus([account()], [], [], {
      protection: { mode: 'revoke', escalations: [open] },
    });
    expect(escalated.healthy).toBe(false);
    expect(escalated.text).toContain(
      'ESCALATED AND OPEN: sg-1 in 300000000001 eu-west-1 since 2026-11-30T10',
    );
    const observed = renderStatus([account()], [], [], { protection: { mode: 'observe', escalations: [] } });
    expect(observed.healthy).toBe(true);
    expect(observed.text).toContain('mode observe: nothing is revoked');
    const revoking = renderStatus([account()], [], [], { protection: { mode: 'revoke', escalations: [] } });
    expect(revoking.text).not.toContain('mode');
  });

  test('a suspended account is listed and no reason to worry', () => {
    const suspended = account({
      id: '399999999999',
      state: 'SUSPENDED',
      conditions: { Ready: bad('skipped') },
    });
    const { text, healthy } = renderStatus([account(), suspended], []);
    expect(healthy).toBe(true);
    expect(text).toContain('399999999999');
  });
});
