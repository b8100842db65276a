/**
 * Evaluates an IAM policy (of an authorizer's result or a function's role) for one action on one resource: Allow and
 * Deny with wildcards. Pure.
 */
import { isList, isObject, type JsonObject, listOr } from './json';

export type Decision = 'allow' | 'deny' | 'malformed';

/** An explicit Deny wins; without a matching Allow the answer is deny. */
export function evaluatePolicy(document: unknown, action: string, resource: string): Decision {
  if (!isObject(document) || document.Statement === undefined) return 'malformed';
  const statements = isList(document.Statement) ? document.Statement : [document.Statement];
  const effects = statements.map((statement) => effectOf(statement, action, resource));
  if (effects.includes('malformed')) return 'malformed';
  return effects.includes('Allow') && !effects.includes('Deny') ? 'allow' : 'deny';
}

/** Whether a statement applies to the action. */
export function appliesTo(action: string, { Action }: JsonObject): boolean {
  return names(Action).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()));
}

/** The effect of the statement on the resource, or `none` when it does not apply. */
function effectOf(
  statement: unknown,
  action: string,
  resource: string,
): 'Allow' | 'Deny' | 'none' | 'malformed' {
  if (!isObject(statement)) return 'malformed';
  const { Effect, Action, Resource, Condition, NotAction, NotResource } = statement;
  // Conditions and negations are valid IAM, but the gateway cannot evaluate them.
  if (Condition !== undefined || NotAction !== undefined || NotResource !== undefined) return 'malformed';
  if ((Effect !== 'Allow' && Effect !== 'Deny') || Action === undefined || Resource === undefined)
    return 'malformed';
  const resourceMatches = names(Resource).some((pattern) => matches(pattern, resource));
  return appliesTo(action, statement) && resourceMatches ? Effect : 'none';
}

/** IAM takes one name or a list of them. */
function names(value: unknown): string[] {
  return typeof value === 'string' ? [value] : listOr(value).map(String);
}

/** IAM wildcards: `*` for any text, slashes included, `?` for one character. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, 's').test(text);
}
