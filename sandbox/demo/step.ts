import type { World } from './world.ts';

/** One claim of the demo. It throws where the claim does not hold, and else says what was seen. */
export interface Step {
  readonly claim: string;
  run(world: World, show: (text: string) => void): Promise<string>;
}

/** @throws with these words where the condition does not hold */
export function assert(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}
