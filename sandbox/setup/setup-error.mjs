/** A set-up step cannot be done here; `message` says why, `mend` says what a person can do. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {string} mend
   * @param {ErrorOptions} [options]
   */
  constructor(message, mend, options) {
    super(message, options);
    this.name = 'SetupError';
    this.mend = mend;
  }
}
