/**
 * What a log line says of an error. The reason only for answers of AWS: the text of any other error may quote what a
 * client sent.
 */
import type { LogFields } from './ports';

export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: 'unknown' };
  const cause = error.cause instanceof Error ? error.cause : error;
  const reason = '$metadata' in cause ? `${cause.name}: ${cause.message}` : undefined;
  return { error: error.name, reason };
}
