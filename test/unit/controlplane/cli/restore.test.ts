import { describe, expect, test } from 'vitest';
import { finding, remediation } from '../../../worlds/remediation-sample.ts';
import { cli } from './cli.ts';
import { runOf, stackOf } from './run-sample.ts';
import { serviceOfTests } from './service.ts';

const service = serviceOfTests();

const record = (change: object = {}) => {
  const result = remediation({ findings: [finding()] });
  const { eventId, groupId, account: accountId, region, outcome, time } = result;
  return {
    id: `${eventId}:${groupId}`,
    eventId,
    groupId,
    accountId,
    region,
    outcome,
    time,
    result,
    ...change,
  };
};
const { id } = record();
const restorePath = `/v1/remediations/${encodeURIComponent(id)}/restore`;
const words = ['--owner', 'web', '--why', 'a partner', '--ticket', 'SEC-7'];
const restore = (state: string, change: object = {}) => ({
  ...{ id: 'r1', state, reason: null, finishedAt: null },
  rules: [{ ruleId: 'sgr-1', exception: 'restored-sgr-1-r1', restoredRuleId: null }],
  ...change,
});
const willGo = (...states: object[]) => {
  service.answers[restorePath] = { status: 202, body: restore('pending') };
  service.answers['/v1/restores/r1'] = states.map((body) => ({ body }));
};

describe('restore', () => {
  test('asks in the words given and follows it to its end: 0', async () => {
    const done = {
      finishedAt: '2026-06-15T12:00:00Z',
      rules: [{ ruleId: 'sgr-1', exception: 'restored-sgr-1-r1', restoredRuleId: 'sgr-2' }],
    };
    willGo(restore('pending'), restore('exception-deployed'), restore('restored', done));
    const more = ['--expires', '2027-01-01T00:00:00Z', '--rule', 'sgr-1'];
    const { exit, out } = await cli('restore', id, ...words, ...more);
    expect(exit).toBe(0);
    expect(JSON.parse(service.asked[0]?.body ?? '')).toEqual({
      ...{ owner: 'web', why: 'a partner', ticket: 'SEC-7' },
      expires: '2027-01-01T00:00:00Z',
      rules: ['sgr-1'],
    });
    expect(out.split('\n')).toEqual([
      'restore r1 of sgr-1',
      'the hub is being updated with the exception',
      'the hub has the exception; the rules are being restored',
      'restored',
      'sgr-1 is back as sgr-2, by exception restored-sgr-1-r1',
      '',
    ]);
  });

  test('for good says so', async () => {
    willGo(restore('restored', { finishedAt: 'now' }));
    await cli('restore', id, ...words, '--permanent');
    expect(JSON.parse(service.asked[0]?.body ?? '')).toMatchObject({ permanent: true });
    expect(service.asked[0]?.body).not.toContain('expires');
  });

  test('that fails: 1, with the reason', async () => {
    willGo(restore('failed', { finishedAt: 'now', reason: 'the security group was deleted' }));
    expect(await cli('restore', id, ...words, '--permanent')).toMatchObject({
      exit: 1,
      out: expect.stringContaining('failed: the security group was deleted'),
    });
  });

  test.each([
    [[id], '--owner, --why, --ticket, --expires or --permanent'],
    [[id, ...words], '--expires or --permanent'],
    [[id, '--permanent', '--owner', 'web'], '--why, --ticket'],
  ])('without what it needs is wrong use: 2, naming it, and asks nothing: %j', async (args, missing) => {
    expect(await cli('restore', ...args)).toMatchObject({
      exit: 2,
      complaint: `portcullis: restore needs ${missing}`,
    });
    expect(service.asked).toEqual([]);
  });

  test.each([
    [['restore', ...words, '--permanent']],
    [['restore', 'a', 'b']],
    [['end-exception']],
    [['exceptions', 'x']],
    [['toString']],
  ])('%j is wrong use: 2', async (args) => {
    expect((await cli(...args)).exit).toBe(2);
  });

  test.each([
    [404, 'not-found', 1],
    [409, 'conflict', 1],
    [400, 'invalid-request', 2],
  ])('a service that answers %i: the message and %s', async (status, code, exit) => {
    service.answers[restorePath] = { status, body: { code, detail: 'what to do' } };
    expect(await cli('restore', id, ...words, '--permanent')).toMatchObject({
      exit,
      complaint: 'portcullis: what to do',
    });
  });
});

describe('follow', () => {
  test('follows a restore, a verification or a run by its id: the exit code of its end', async () => {
    willGo(restore('failed', { finishedAt: 'now' }));
    expect(await cli('follow', 'r1')).toMatchObject({ exit: 1, out: 'failed\n' });
    service.answers = { '/v1/verifications/v': [{ body: { id: 'v', finishedAt: 'now', cells: [] } }] };
    expect(await cli('follow', 'v')).toMatchObject({ exit: 0, out: expect.stringContaining('0 of 0 cells') });
    service.answers = { '/v1/runs/r': [{ body: runOf({ state: 'failed' }) }] };
    expect((await cli('follow', 'r')).exit).toBe(1);
  });

  test('of an id that nothing has names the four, and any other refusal is as it is: 1', async () => {
    expect(await cli('follow', 'x')).toMatchObject({
      exit: 1,
      complaint: 'portcullis: no run, verification, sweep or restore has the id x',
    });
    service.answers = {
      '/v1/runs/x': [{ status: 403, body: { code: 'forbidden', detail: 'needs viewer' } }],
    };
    expect((await cli('follow', 'x')).complaint).toBe('portcullis: needs viewer');
  });
});

describe('remediations', () => {
  test('are a table with the ids to restore by, narrowed as asked', async () => {
    service.answers['/v1/remediations?account=300000000001&outcome=remediated'] = [
      { body: { remediations: [record()] } },
    ];
    const { exit, out } = await cli('remediations', '--account', '300000000001', '--outcome', 'remediated');
    expect(exit).toBe(0);
    expect(out).toMatch(
      new RegExp(`remediated +300000000001 +eu-west-1 +revoked tcp 22 from 0.0.0.0/0 +${id}\n$`),
    );
  });

  test('as JSON are what the service says; none is said so', async () => {
    service.answers['/v1/remediations?'] = [
      { body: { remediations: [record()] } },
      { body: { remediations: [] } },
    ];
    expect(JSON.parse((await cli('remediations', '--json')).out)).toEqual([
      JSON.parse(JSON.stringify(record())),
    ]);
    expect((await cli('remediations')).out).toBe('no remediation of this kind\n');
  });

  test('that hold control characters do not reach the terminal with them', async () => {
    const hostile = record({ region: '\u001b[2Jeu-west-1\r\nfake' });
    service.answers['/v1/remediations?'] = [{ body: { remediations: [hostile] } }];
    const { out } = await cli('remediations');
    expect(out).not.toContain('\u001b');
    expect(out.trimEnd().split('\n')).toHaveLength(2);
  });
});

describe('exceptions', () => {
  const exception = {
    name: 'partner',
    owner: 'web',
    ticket: 'SEC-7',
    why: 'a partner',
    kept: 'store',
    state: 'active',
  };

  test('are a table without those that ended', async () => {
    const body = { exceptions: [exception, { ...exception, name: 'over', state: 'ended' }] };
    service.answers['/v1/exceptions'] = { body };
    const { exit, out } = await cli('exceptions');
    expect(exit).toBe(0);
    expect(out).toMatch(/^NAME .*\npartner +active +permanent +store +web +SEC-7 +a partner\n$/);
  });

  test('one is ended, and the run that takes it out of the hub followed', async () => {
    service.answers['/v1/exceptions/partner/end'] = { status: 202, body: { exception, run: runOf({}) } };
    service.answers['/v1/runs/r'] = [{ body: runOf({ stacks: [stackOf('hub', 'succeeded')] }) }];
    expect(await cli('end-exception', 'partner')).toMatchObject({
      exit: 0,
      out: expect.stringContaining('partner ended'),
    });
    service.answers['/v1/runs/r'] = { body: runOf({ state: 'failed' }) };
    expect((await cli('end-exception', 'partner')).exit).toBe(1);
  });
});
