/**
 * Mistakes that a user can mend: a busy port, a broken template, a missing asset.
 * Everything else is a defect of the gateway and stays a plain error.
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
