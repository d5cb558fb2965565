/** Logs one step with its facts, which never hold a secret. */
export type Log = (step: string, facts: Record<string, unknown>) => void;

/** One JSON line for each step on the console, which Lambda writes to the function's log group. */
export const consoleLog: Log = (step, facts) => console.log(JSON.stringify({ step, ...facts }));
