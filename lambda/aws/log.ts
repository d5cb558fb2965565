/** Says one step with its facts. No secret is ever among them. */
export type Log = (step: string, facts: Record<string, unknown>) => void;

/** One JSON line a step on the console, which Lambda keeps in the function's log group. */
export const consoleLog: Log = (step, facts) => console.log(JSON.stringify({ step, ...facts }));
