/**
 * A reporter of set-up's steps: on a terminal one line that is rewritten every second, elsewhere a plain line
 * at the start, every `plainEveryMs`, and at the end.
 * @param {{ write: (text: string) => unknown, isTTY?: boolean, columns?: number }} stream
 * @param {number} [plainEveryMs]
 * @returns {import('./steps.mjs').Reporter}
 */
export function createReporter(stream, plainEveryMs = 15_000) {
  const live = stream.isTTY === true;
  /** @param {string} text */
  const line = (text) => stream.write(`${live ? '\r\x1b[K' : ''}set-up: ${text}\n`);
  return {
    note: line,
    ready: (summaries) => line(`in place: ${summaries.join(', ')}`),
    start(name) {
      const started = Date.now();
      let detail = '';
      const seconds = () => ((Date.now() - started) / 1000).toFixed(1);
      const show = () => {
        const text = `set-up: ${name}: ${seconds()} s${detail ? `, ${detail}` : ''}`;
        stream.write(live ? `\r\x1b[K${text.slice(0, (stream.columns ?? 80) - 1)}` : `${text}\n`);
      };
      if (!live) line(`${name} ...`);
      const timer = setInterval(show, live ? 1000 : plainEveryMs);
      return {
        progress: (text) => {
          detail = text;
        },
        end: (summary) => {
          clearInterval(timer);
          line(`${name}: ${summary} (${seconds()} s)`);
        },
        fail: () => {
          clearInterval(timer);
          line(`${name}: failed after ${seconds()} s`);
        },
      };
    },
  };
}
