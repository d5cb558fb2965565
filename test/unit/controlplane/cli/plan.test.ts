import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { renderPlan } from '../../../../controlplane/cli/output/plan.ts';
import type { ResourceChange } from '../../../../controlplane/stacks/operation-record.ts';
import { stackOf } from './run-sample.ts';

const change = (operation: string, name: string, more: Partial<ResourceChange> = {}): ResourceChange => ({
  ...{ operation, name, type: 'aws:iam/role:Role', properties: [] },
  ...more,
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('the plan of a preview', () => {
  test.each([
    ['', true],
    ['1', false],
  ])('has colors on a terminal, and none with NO_COLOR: %j', (NO_COLOR, colored) => {
    const { getColorDepth } = WriteStream.prototype;
    const terminal = Object.assign(new PassThrough(), { isTTY: true, getColorDepth });
    vi.spyOn(process, 'stdout', 'get').mockReturnValue(terminal as unknown as typeof process.stdout);
    for (const name of ['FORCE_COLOR', 'NODE_DISABLE_COLORS', 'CI']) vi.stubEnv(name, undefined);
    vi.stubEnv('TERM', 'xterm-256color');
    vi.stubEnv('NO_COLOR', NO_COLOR || undefined);
    const text = renderPlan([stackOf('hub', 'succeeded', { changes: [change('create', 'new')] })]);
    expect(text.includes('\u001b[32m+')).toBe(colored);
  });

  test('has a line a resource, by stack, with what changes, and counts them', () => {
    const replaced = { properties: ['name'], values: { name: { old: 'a', new: 'b' } } };
    const text = renderPlan([
      stackOf('account-300000000001', 'succeeded', {
        changes: [
          change('create', 'new', { properties: ['name'] }),
          change('update', 'role', {
            properties: ['maxSessionDuration', 'tags.owner', 'assumeRolePolicy'],
            values: { maxSessionDuration: { old: 3600, new: 7200 }, 'tags.owner': { new: 'web' } },
          }),
          change('create-replacement', 'bus', replaced),
          change('replace', 'bus', replaced),
          change('delete-replaced', 'bus', replaced),
        ],
      }),
      stackOf('hub', 'unchanged'),
      stackOf('region-300000000001-eu-west-1', 'succeeded', {
        changes: [change('delete', 'old')],
        drift: [
          change('deleted', 'rule'),
          change('changed', 'target', { properties: ['arn'], values: { arn: { old: 'x', new: 'y' } } }),
        ],
      }),
    ]);
    expect(text.split('\n')).toEqual([
      '',
      'account-300000000001',
      '  +  aws:iam/role:Role new',
      '  ~  aws:iam/role:Role role  maxSessionDuration: 3600 → 7200, tags.owner: (none) → web, assumeRolePolicy',
      '  +- aws:iam/role:Role bus  name: a → b',
      '',
      'region-300000000001-eu-west-1',
      '  !  aws:iam/role:Role rule (drift: deleted outside Portcullis)',
      '  !  aws:iam/role:Role target (drift: changed outside Portcullis)  arn: x → y',
      '  -  aws:iam/role:Role old',
      '',
      'Plan for 2 stacks: 1 to create, 1 to update, 1 to replace, 1 to delete, 2 drifted',
      '',
    ]);
  });

  test('is empty where nothing differs', () => {
    expect(renderPlan([stackOf('hub', 'unchanged')])).toBe('');
  });

  test('holds nothing that moves the cursor', () => {
    const hostile = change('update', 'a\u001b[2Jb\nc', {
      properties: ['tags.x'],
      values: { 'tags.x': { old: '\u001b]0;t\u0007', new: 'y\r' } },
    });
    const text = renderPlan([stackOf('hub', 'succeeded', { changes: [hostile] })]);
    for (const control of ['\u001b', '\u0007', '\r']) expect(text).not.toContain(control);
    expect(text.split('\n')).toHaveLength(6);
  });
});
