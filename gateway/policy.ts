/**
 * Evaluates the IAM policy that an authorizer returns, as far as API Gateway lets it count:
 * Allow and Deny over `execute-api:Invoke` with wildcards. Pure.
 */
import { isList, isObject, listOr } from './json';

export type Decision = 'allow' | 'deny' | 'malformed';

/** An explicit Deny wins; without a matching Allow the answer is deny. */
export function evaluatePolicy(document: unknown, resource: string): Decision {
  if (!isObject(document) || document.Statement === undefined) return 'malformed';
  const statements = isList(document.Statement) ? document.Statement : [document.Statement];
  const effects = statements.map((statement) => effectOf(statement, resource));
  if (effects.includes('malformed')) return 'malformed';
  return effects.includes('Allow') && !effects.includes('Deny') ? 'allow' : 'deny';
}

/** The statement's effect on the resource, or `none` when it does not speak of it. */
function effectOf(statement: unknown, resource: string): 'Allow' | 'Deny' | 'none' | 'malformed' {
  if (!isObject(statement)) return 'malformed';
  const { Effect, Action, Resource, Condition, NotAction, NotResource } = statement;
  // Conditions and negations are legal IAM, but nothing here could evaluate them truthfully.
  if (Condition !== undefined || NotAction !== undefined || NotResource !== undefined) return 'malformed';
  if ((Effect !== 'Allow' && Effect !== 'Deny') || Action === undefined || Resource === undefined)
    return 'malformed';
  const names = (value: unknown): string[] =>
    typeof value === 'string' ? [value] : listOr(value).map(String);
  const actionMatches = names(Action).some((action) => matches(action.toLowerCase(), 'execute-api:invoke'));
  const resourceMatches = names(Resource).some((pattern) => matches(pattern, resource));
  return actionMatches && resourceMatches ? Effect : 'none';
}

/** IAM wildcards: `*` for any text, slashes included, `?` for one character. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, 's').test(text);
}
