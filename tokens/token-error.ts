/**
 * A mistake in what was asked of the mint; the message is one sentence for the user.
 * Everything else that goes wrong here is a defect and keeps its own type.
 */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}
