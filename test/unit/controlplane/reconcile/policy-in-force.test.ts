import { hostname, userInfo } from 'node:os';
import { describe, expect } from 'vitest';
import { databaseTest as test } from '../../../worlds/database.ts';
import { digestOf, editor, policy, policyStage } from './policy-stage.ts';

const stage = policyStage();

describe('the first policy', () => {
  test('is in force as the file says in any mode, and its text is stored', async () => {
    await stage.write(policy('observe'));
    await stage.run();
    expect(await stage.store.policies.confirmed()).toMatchObject({
      ...{ text: policy('observe'), digest: digestOf(policy('observe')), confirmedBy: editor },
    });
    expect(await stage.states()).toEqual([]);
    expect(stage.warned).toEqual([]);
  });
});

describe('an edit that lowers nothing', () => {
  test.each([
    ['raises a rule', policy('notify'), policy('revoke')],
    ['raises the cap', policy('revoke', 'observe'), policy('revoke')],
  ])('and %s is in force at once', async (_, before, now) => {
    await stage.write(before);
    await stage.run();
    expect(await stage.deployedWith(now)).toBe('revoke under revoke');
    expect(await stage.states()).toEqual([]);
    expect((await stage.store.policies.confirmed())?.text).toBe(now);
  });

  test('narrows a match and is in force at once, with its line in the audit log', async () => {
    await stage.first();
    await stage.deployedWith(policy('revoke').replace('[22]', '[2222]'));
    expect(await stage.states()).toEqual([]);
    expect((await stage.audited()).at(-1)).toMatchObject({
      ...{ what: 'policy changed', details: { rules: { changed: ['ssh'] }, lowered: [] } },
    });
  });

  test('of comments alone leaves no line', async () => {
    await stage.first();
    await stage.deployedWith(`# a comment\n${policy('revoke')}`);
    expect((await stage.audited()).map(({ what }) => what)).toEqual(['policy changed']);
  });
});

describe('a confirmed policy that this release cannot read', () => {
  const spoil = () => stage.database.query(`update confirmed_policy set text = 'version: 0'`);

  test('holds the hub as it is and asks a person', async () => {
    await stage.first();
    await spoil();
    const before = stage.deployed;
    await stage.deployedWith(policy('revoke'));
    expect(stage.deployed).toBe(before);
    expect((await stage.asked()).about).toMatch(
      /it is unknown what the file lowers: .*version: write version: 1/,
    );
    expect((await stage.store.stacks.get('hub'))?.conditions.Ready).toMatchObject({
      ...{ status: 'False', message: expect.stringContaining('portcullis confirmations') },
    });
  });

  test('is replaced once the file is confirmed', async () => {
    await stage.first();
    await spoil();
    await stage.deployedWith(policy('observe'));
    const { id, digest } = await stage.asked();
    await stage.answer.confirm(id, digest, 'ops');
    expect(await stage.deployedWith(policy('observe'))).toBe('observe under revoke');
    expect((await stage.store.stacks.get('hub'))?.conditions.Ready?.status).toBe('True');
  });
});

test('each step is in the audit log: digests, modes, rules, and who', async () => {
  await stage.first();
  await stage.deployedWith(policy('observe'));
  const { id, digest } = await stage.asked();
  await stage.answer.confirm(id, digest, 'ops');
  const source = {
    file: stage.policyFile,
    host: hostname(),
    owner: { uid: userInfo().uid, user: userInfo().username },
  };
  const [from, to] = [digestOf(policy('revoke')), digestOf(policy('observe'))];
  const edit = {
    ...{ from, to, mode: { from: 'revoke', to: 'notify' }, source },
    modes: [{ rule: 'ssh', from: 'revoke', to: 'observe' }],
    rules: { added: [], removed: [], changed: ['ssh'], reordered: false },
  };
  expect(await stage.audited()).toMatchObject([
    {
      ...{ who: editor, what: 'policy changed' },
      details: {
        from: null,
        to: from,
        mode: { from: null, to: 'revoke' },
        rules: { added: ['ssh', 'rdp'] },
        source,
      },
    },
    { who: editor, what: 'policy held', details: { ...edit, confirmation: id } },
    { who: 'ops', what: 'policy confirmed', details: { ...edit, confirmation: id, digest } },
    { who: 'ops', what: 'policy changed', details: { ...edit, confirmation: id } },
  ]);
});
