/** Why Slack could not be told, in our own words: never an address, a token or what somebody answered. */
export class SlackError extends Error {
  override name = 'SlackError';
  /** Slack's own code, such as `channel_not_found`; empty where it gave none. */
  code: string;
  /** Milliseconds to leave Slack alone for. */
  rest: number;

  constructor(message: string, { code = '', rest = 0 } = {}) {
    super(message);
    this.code = code;
    this.rest = rest;
  }
}
