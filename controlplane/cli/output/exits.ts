export const exits = { done: 0, failed: 1, usage: 2, differs: 3 } as const;
