import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { programVersion } from '../../../../../controlplane/stacks/generation.ts';
import { writeAudit } from '../../../../../controlplane/store/audit/entries.ts';
import { openStore } from '../../../../../controlplane/store/store.ts';
import { auditStage, collect, entry } from '../../../../worlds/audit-stage.ts';
import { databaseEngine, databaseTest as test } from '../../../../worlds/database.ts';

const kind = databaseEngine();
const stage = auditStage();

test('seals continue each other, and each is what sha256sum makes of the exported lines', async () => {
  for (let n = 1; n <= 5; n += 1) await stage.store.audit.append(entry({ n, text: 'é "quoted"\n\u2028' }));
  const first = await stage.store.audit.seal(3);
  const second = await stage.store.audit.seal(3);
  expect(await stage.store.audit.seal(3)).toBeUndefined();
  const lines = await collect(stage.store.audit.lines({}));
  const hash = (previous: string, some: string[]) =>
    createHash('sha256')
      .update([previous, ...some].map((line) => `${line}\n`).join(''))
      .digest('hex');
  expect(first).toMatchObject({ lines: 3, hash: hash('0'.repeat(64), lines.slice(0, 3)) });
  expect(second).toMatchObject({
    lines: 2,
    previous: first?.hash,
    hash: hash(first?.hash ?? '', lines.slice(3)),
  });
  await stage.store.audit.append(entry());
  expect(await stage.store.audit.check()).toEqual({
    ...{ intact: true, seals: 2, lines: 5, unsealed: 1, broken: null },
    last: { through: second?.through, hash: second?.hash },
  });
});

const third = `details->>'n' = '3'`;
test.each<[string, string[], RegExp]>([
  ['a changed line', [`update audit set details = '{"n": 7}' where ${third}`], /not what it was/],
  [
    'a time changed by a microsecond',
    [`update audit set at = at - interval '1 microsecond' where ${third}`],
    /not what it was/,
  ],
  ['a removed line', [`delete from audit where ${third}`], /2 lines were sealed, 1 are there/],
  [
    "a line in a removed one's place",
    [
      `delete from audit where ${third}`,
      `insert into audit (id, at, who, what, details) overriding system value
       select after_id + 1, now(), 'x', 'exported', '{}' from audit_seal order by id offset 1 limit 1`,
    ],
    /not what it was/,
  ],
  [
    'a removed seal',
    ['delete from audit_seal where after_id = (select min(id) from audit_seal)'],
    /seal before it is missing/,
  ],
])('%s is evident', async (_, statements, why) => {
  for (let n = 1; n <= 6; n += 1) await stage.store.audit.append(entry({ n }));
  await stage.sealAll(2);
  expect(await stage.store.audit.check()).toMatchObject({ intact: true, seals: 3 });
  await stage.asSuperuser(...statements);
  const found = await stage.store.audit.check();
  expect(found).toMatchObject({ intact: false, broken: { why: expect.stringMatching(why) } });
});

test('four writers at once: seals made meanwhile cover every line, and hold', {
  timeout: 60_000,
}, async ({ own }) => {
  const here =
    kind === 'postgres'
      ? await Promise.all([1, 2, 3, 4].map(() => own.open()))
      : Array.from({ length: 4 }, () => stage.database);
  const { audit } = openStore(here[0] ?? stage.database);
  let writing = true;
  const writers = here.map(async ({ transaction }, writer) => {
    for (let n = 0; n < 100; n += 1) {
      await transaction(async (query) => {
        await writeAudit(query, entry({ writer, n }));
        if (n % 10 === 0) await writeAudit(query, entry({ writer, n, second: true }));
        if (n % 7 === 0) throw new Error('rolled back');
      }).catch((error) => expect(error.message).toBe('rolled back'));
    }
  });
  const all = Promise.all(writers).finally(() => {
    writing = false;
  });
  let meanwhile = 0;
  while (writing) if (await audit.seal()) meanwhile += 1;
  await all;
  while (await audit.seal()) meanwhile += 1;
  const written = (await collect(audit.lines({}))).length;
  expect(written).toBe(4 * (100 - 15 + [10, 20, 30, 40, 50, 60, 80, 90].length));
  expect(await audit.check()).toMatchObject({ intact: true, lines: written, unsealed: 0, seals: meanwhile });
  expect(meanwhile).toBeGreaterThan(1);
});

// PGlite runs one transaction at a time.
if (kind === 'postgres')
  test('a line whose transaction is still open is waited for, not passed over', async () => {
    await stage.store.audit.append(entry({ n: 1 }));
    await stage.database.transaction(async (query) => {
      await writeAudit(query, entry({ n: 2 }));
      await stage.store.audit.append(entry({ n: 3 }));
      expect(await stage.store.audit.seal()).toBeUndefined();
    });
    expect(await stage.store.audit.seal()).toMatchObject({ lines: 3 });
  });

test('retention removes what has expired under seals, and says how much, up to where, with which hash', async () => {
  for (const days of [50, 45, 41]) await stage.old(days);
  const seal = await stage.store.audit.seal();
  await stage.old(40.5);
  await stage.old(10);
  await stage.sealAll();
  await stage.old(60);
  await stage.store.audit.append(entry({ n: 'new' }));
  expect(await stage.store.audit.removeExpired(40)).toBe(3);
  expect(await stage.store.audit.removeExpired(40)).toBe(0);
  // The fourth has expired and shares a seal with one that has not; the sixth is not sealed yet.
  expect(await stage.store.audit.list(10)).toMatchObject([
    {
      ...{ who: 'portcullis', what: 'retention applied', programVersion: programVersion() },
      details: { of: 'audit', removed: 3, through: seal?.through, hash: seal?.hash, keptDays: 40 },
    },
    { details: { n: 'new' } },
    ...[{}, {}, {}],
  ]);
  await stage.sealAll();
  expect(await stage.store.audit.check()).toMatchObject({ intact: true, seals: 2, lines: 5, unsealed: 0 });
});

test('nothing is removed sooner than after 30 days', async () => {
  await stage.old(29);
  await stage.store.audit.seal();
  await expect(stage.store.audit.removeExpired(29)).rejects.toThrow('30 days at least');
  expect(await stage.store.audit.removeExpired(30)).toBe(0);
});

test('a seal removed with its lines, but not by the retention, is evident', async () => {
  for (const days of [50, 45, 44, 43]) await stage.old(days);
  const first = await stage.store.audit.seal(2);
  await stage.sealAll();
  await stage.asSuperuser(
    `delete from audit where id <= ${first?.through}`,
    `delete from audit_seal where id <= ${first?.through}`,
  );
  expect(await stage.store.audit.check()).toMatchObject({ intact: false, seals: 0 });
});

test('a log whose end was removed with its seals does not end at the seal that the service logged last', async () => {
  for (let n = 1; n <= 4; n += 1) await stage.store.audit.append(entry({ n }));
  const first = await stage.store.audit.seal(2);
  const logged = await stage.store.audit.seal();
  await stage.asSuperuser(
    `delete from audit where id > ${first?.through}`,
    `delete from audit_seal where after_id = ${first?.through}`,
  );
  const { last } = await stage.store.audit.check();
  expect(last).toEqual({ through: first?.through, hash: first?.hash });
  expect(last?.hash).not.toBe(logged?.hash);
});
