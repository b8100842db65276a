/**
 * Errors about settings: one sentence that names the setting. Commands print only the message, because an invalid
 * setting is a user error.
 */

/** An invalid setting; the message is one sentence for the user. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** @example wrongSetting('retentionHours', 'a number', 'x').message // Setting "retentionHours": expected a number, got "x". */
export function wrongSetting(name: string, expected: string, got: unknown): SettingsError {
  return new SettingsError(`Setting "${name}": expected ${expected}, got ${display(got)}.`);
}

/** Suggests the nearest setting. An ignored typo would deploy the default. */
export function unknownSetting(name: string, known: readonly string[]): SettingsError {
  const path = name.split('.');
  const last = path.pop() ?? name;
  const [nearest] = [...known].sort((a, b) => distance(last, a) - distance(last, b));
  const hint = nearest === undefined ? '' : ` The nearest setting is "${[...path, nearest].join('.')}".`;
  return new SettingsError(`Setting "${name}" is unknown.${hint}`);
}

function display(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/**
 * Levenshtein distance without regard to case. Missing letters at the end cost less, so that half of a name is
 * nearest to its whole.
 */
function distance(left: string, right: string): number {
  const a = left.toLowerCase();
  const b = right.toLowerCase();
  if (b.startsWith(a) || a.startsWith(b)) return 0;
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [rowIndex, letter] of Array.from(a).entries()) {
    const next = [rowIndex + 1];
    for (const [column, other] of Array.from(b).entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
