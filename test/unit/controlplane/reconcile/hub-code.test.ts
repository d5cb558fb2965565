import { expect } from 'vitest';
import { databaseTest } from '../../../worlds/database.ts';
import { createWorld } from '../../../worlds/reconcile.ts';

const refusing = (name: string) => async (): Promise<string> => {
  throw Object.assign(new Error('no hash'), { name });
};

const another = async (): Promise<string> => 'another';

databaseTest.for([
  ['is as declared', undefined, []],
  ['was replaced', another, ['up hub']],
  ['was deleted with its function', refusing('ResourceNotFoundException'), ['up hub']],
  ['cannot be read', refusing('AccessDeniedException'), []],
] as const)(
  'a hub that is ready is repaired only if its code differs: it %s',
  async ([, code, expected], { given }) => {
    const { world, run } = createWorld(given.store, given.database);
    await run();
    world.operations.length = 0;
    if (code) world.code = code;
    await run({ onlyChanged: true });
    expect(world.operations).toEqual(expected);
  },
);
