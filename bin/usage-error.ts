/** A command was used incorrectly, or something that it needs is missing. The message is one sentence for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
