/**
 * Errors of platforms and of the user's functions, without what nobody may read in a log.
 */

/** As far as a thrown value is one. */
export interface Thrown {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

const deepest = 4;
const secrets = /(\?|\btoken=)[^\s"<>]+|eyJ[\w.-]+/gi;

/** What was thrown, as an error that may be shown: without query strings and tokens. Never throws. */
export function withoutSecrets(thrown: unknown, depth = 0): Error {
  try {
    const { message, code, cause, errors = [] } = (thrown ?? {}) as Thrown;
    // Where several addresses were tried, the first failure stands for all.
    const inner = cause ?? errors[0];
    const error = new Error(String([message, code, thrown].find(Boolean)).replace(secrets, '…'));
    if (inner !== undefined && depth < deepest) error.cause = withoutSecrets(inner, depth + 1);
    return code && /^\w+$/.test(code as string) ? Object.assign(error, { code }) : error;
  } catch {
    return new Error('unknown');
  }
}
