/**
 * Event patterns of EventBridge: exact values, `prefix`, `suffix`, `anything-but` and `exists`. Source: Amazon EventBridge user guide,
 * "Creating event patterns".
 */
import { isList, isObject, type JsonObject } from '../json';

type Matcher = (value: unknown) => boolean;

const matchers: Readonly<Record<string, (operand: unknown) => Matcher>> = {
  prefix: (operand) => (value) => typeof value === 'string' && value.startsWith(String(operand)),
  suffix: (operand) => (value) => typeof value === 'string' && value.endsWith(String(operand)),
  'anything-but': (operand) => (value) =>
    value !== undefined && !(isList(operand) ? operand : [operand]).includes(value),
  exists: (operand) => (value) => (value !== undefined) === operand,
};

/** A part of the pattern that the gateway cannot evaluate, such as `numeric`; `undefined` when there is none. */
export function unsupportedPart(pattern: JsonObject): string | undefined {
  for (const [name, part] of Object.entries(pattern)) {
    if (name.startsWith('$')) return name;
    const found = isList(part)
      ? part
          .filter(isObject)
          .flatMap(Object.keys)
          .find((operator) => !(operator in matchers))
      : isObject(part)
        ? unsupportedPart(part)
        : name;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every member of the pattern must match; of the values of one member, any. */
export function matchesPattern(pattern: JsonObject, event: unknown): boolean {
  return Object.entries(pattern).every(([name, part]) => {
    const value = isObject(event) ? event[name] : undefined;
    if (!isList(part)) return isObject(part) && matchesPattern(part, value);
    const values = isList(value) && value.length > 0 ? value : [value];
    return part.some((each) => values.some(matcherOf(each)));
  });
}

function matcherOf(each: unknown): Matcher {
  if (!isObject(each)) return (value) => value === each;
  const [operator = '', operand] = Object.entries(each)[0] ?? [];
  return matchers[operator]?.(operand) ?? (() => false);
}
