/** Why Slack was not notified, in fixed words: never an address, a token or text from the answer. */
export class SlackError extends Error {
  override name = 'SlackError';
  /** Slack's own code, such as `channel_not_found`; empty when it gave none. */
  code: string;
  /** Milliseconds to pause before the next message. */
  rest: number;

  constructor(message: string, { code = '', rest = 0 } = {}) {
    super(message);
    this.code = code;
    this.rest = rest;
  }
}
