import { describe, expect } from 'vitest';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { digestOf, policy, policyStage } from './policy-stage.ts';

const stage = policyStage();

describe('an edit that lowers the mode', () => {
  test.each([
    ['of one rule', policy('observe'), 'rule ssh from revoke to observe'],
    ['of all by the cap', policy('revoke', 'observe'), "the policy's mode from revoke to observe"],
    [
      'by removing a rule',
      policy('revoke').replace(/ {2}- \{ name: rdp.*\n/, ''),
      'rule rdp (notify) is removed',
    ],
  ])('%s leaves the hub with the confirmed policy, and asks a person once', async (_, text, words) => {
    await stage.first();
    expect(await stage.deployedWith(text)).toBe('revoke under revoke');
    expect(await stage.deployedWith(text)).toBe('revoke under revoke');
    const question = await stage.asked();
    expect(question.about).toContain(words);
    expect(question).toMatchObject({ kind: 'policy-mode', hold: 'policy', stacks: [] });
    expect(question.policy).toMatchObject({ from: digestOf(policy('revoke')), to: digestOf(text) });
    expect(stage.announced.map(({ id }) => id)).toEqual([question.id]);
    expect(stage.warned).toHaveLength(2);
    expect(stage.warned[0]).toContain(`portcullis confirm ${question.id}, or refuse`);
    expect(await stage.inForce.read()).toEqual(parsePolicy(policy('revoke')));
    expect((await stage.store.policies.confirmed())?.text).toBe(policy('revoke'));
  });

  test('is in force once confirmed, by its digest alone, and the hub is enqueued', async () => {
    await stage.first();
    await stage.deployedWith(policy('observe'));
    const { id, digest } = await stage.asked();
    await expect(stage.answer.confirm(id, 'f00d', 'ops')).rejects.toMatchObject({ code: 'conflict' });
    expect((await stage.store.policies.confirmed())?.text).toBe(policy('revoke'));
    expect(await stage.answer.confirm(id, digest, 'ops')).toMatchObject({
      state: 'confirmed',
      decidedBy: 'ops',
    });
    expect(stage.enqueued).toEqual(['hub']);
    expect(await stage.store.policies.confirmed()).toMatchObject({
      text: policy('observe'),
      confirmedBy: 'ops',
    });
    expect(await stage.deployedWith(policy('observe'))).toBe('observe under revoke');
    expect(await stage.states()).toEqual(['policy-mode confirmed']);
  });

  test('is what was asked about when it is confirmed, not what the file holds by then', async () => {
    await stage.first();
    await stage.deployedWith(policy('notify'));
    const { id, digest } = await stage.asked();
    await stage.write(policy('observe'));
    await stage.answer.confirm(id, digest, 'ops');
    expect(await stage.deployedWith(policy('observe'))).toBe('notify under revoke');
    expect((await stage.asked()).about).toContain('rule ssh from notify to observe');
  });

  test('of another text is another question, and the old digest is refused', async () => {
    await stage.first();
    await stage.deployedWith(policy('notify'));
    const old = await stage.asked();
    await stage.deployedWith(policy('observe'));
    expect((await stage.asked()).id).not.toBe(old.id);
    await expect(stage.answer.confirm(old.id, old.digest, 'ops')).rejects.toMatchObject({ code: 'conflict' });
    expect(await stage.states()).toEqual(['policy-mode open', 'policy-mode superseded']);
  });

  test('that is refused stays out for a week, asks no one, and can be confirmed after all', async () => {
    await stage.first();
    await stage.deployedWith(policy('observe'));
    const { id, digest } = await stage.asked();
    await stage.answer.refuse(id, digest, 'ops');
    expect(stage.enqueued).toEqual([]);
    expect(await stage.deployedWith(policy('observe'))).toBe('revoke under revoke');
    expect(await stage.states()).toEqual(['policy-mode refused']);
    expect(stage.warned.at(-1)).toContain('which was refused');
    await stage.answer.confirm(id, digest, 'ops');
    expect(await stage.deployedWith(policy('observe'))).toBe('observe under revoke');
  });

  test('that no one answers is asked anew after three days', async () => {
    await stage.first();
    await stage.deployedWith(policy('observe'));
    const { id } = await stage.asked();
    stage.at = async () => new Date((await stage.store.now()).getTime() + 73 * 3_600_000);
    await stage.deployedWith(policy('observe'));
    expect((await stage.asked()).id).not.toBe(id);
    expect(await stage.states()).toEqual(['policy-mode open', 'policy-mode expired']);
  });

  test('that is taken back asks no one any more', async () => {
    await stage.first();
    await stage.deployedWith(policy('observe'));
    await stage.deployedWith(policy('revoke'));
    expect(await stage.states()).toEqual(['policy-mode superseded']);
    expect(await stage.inForce.read()).toEqual(parsePolicy(policy('revoke')));
  });

  test('changes nothing and asks no one in a preview', async () => {
    await stage.first();
    await stage.write(policy('observe'));
    await stage.run({ kind: 'preview' });
    expect(await stage.states()).toEqual([]);
    expect(stage.warned).toEqual([]);
  });

  test('leaves a question about departing stacks open, and is not ended by one', async () => {
    await stage.first();
    const open = `insert into confirmation (id, digest, hold, why, about, stacks, state, opened_at, expires_at)
      values ('00000000-0000-4000-8000-000000000001', 'd', 'deletions', '', '', '[]', 'open', now(), now() + interval '1 day')`;
    await stage.database.query(open);
    await stage.deployedWith(policy('observe'));
    await stage.deployedWith(policy('revoke'));
    expect((await stage.states()).sort()).toEqual(['offboarding open', 'policy-mode superseded']);
    expect((await stage.store.confirmations.standing('listing'))?.kind).toBe('offboarding');
  });
});
