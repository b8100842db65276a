/**
 * Invalid input for a token; the message is one sentence for the user. Other errors are defects and keep their own
 * type.
 */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}
