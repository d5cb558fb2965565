/** A set-up step cannot be done here; `message` says why, `fix` says what a person can do. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {string} fix
   * @param {ErrorOptions} [options]
   */
  constructor(message, fix, options) {
    super(message, options);
    this.name = 'SetupError';
    this.fix = fix;
  }
}
