/**
 * Finds the route of a message. AWS evaluates the API's selection expression on JSON messages;
 * everything else, and every value without a route, goes to `$default`. Pure.
 */
import { isList, isObject, parseJson } from '../json';
import type { ApiModel, RouteModel } from '../template/model';

/** Evaluates an expression such as `$request.body.action`, `${request.body.kind}/v1` or static text. */
export function selectRouteKey(
  expression: string,
  message: string,
  stageVariables: Record<string, string>,
): string {
  const isStatic = !/(^|[^\\])\$/.test(expression);
  if (isStatic) return expression.replaceAll('\\$', '$');
  const body = parseJson(message);
  if (body === undefined) return '$default';
  return expression.replace(
    /\\\$|\$\{([^}]+)\}|\$([A-Za-z][\w.[\]-]*)/g,
    (whole, braced: string | undefined, bare: string | undefined) => {
      if (whole === '\\$') return '$';
      return textOf(valueOf(braced ?? bare ?? '', body, stageVariables));
    },
  );
}

/** The route for a message, or `undefined` when neither its key nor `$default` exists. */
export function selectRoute(
  { routes, routeSelectionExpression, stageVariables }: ApiModel,
  message: string,
  lifecycleRoutesSelectable: boolean,
): RouteModel | undefined {
  const key = selectRouteKey(routeSelectionExpression, message, stageVariables);
  // A message cannot select a lifecycle route.
  const isLifecycle = key === '$connect' || key === '$disconnect';
  const named = isLifecycle && !lifecycleRoutesSelectable ? undefined : routes.get(key);
  return named ?? routes.get('$default');
}

function valueOf(variable: string, body: unknown, stageVariables: Record<string, string>): unknown {
  const [root, ...path] = variable.replace(/\[(\w+)\]/g, '.$1').split('.');
  if (root === 'stageVariables') return stageVariables[path[0] ?? ''];
  if (root !== 'request' || path[0] !== 'body') return undefined;
  return path.slice(1).reduce<unknown>((value, key) => {
    if (isList(value)) return value[Number(key)];
    return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }, body);
}

/** AWS turns a missing value into empty text and lists into text such as `[a, b]`. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (isList(value)) return `[${value.map(textOf).join(', ')}]`;
  if (isObject(value)) {
    return `{${Object.entries(value)
      .map(([key, each]) => `${key}=${textOf(each)}`)
      .join(', ')}}`;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
