/**
 * Errors that a user can fix: a busy port, an invalid template, a missing asset. Defects of the gateway are plain
 * errors.
 */

/**
 * @example
 * try {
 *   await startGateway(options);
 * } catch (error) {
 *   if (error instanceof GatewayError) console.error(`${error.message}\n${error.hint}`);
 *   else throw error;
 * }
 */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';

  constructor(
    message: string,
    /** What to do about it. */
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
