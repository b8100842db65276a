/**
 * Selects the route of an HTTP API. Source: Amazon API Gateway developer guide, "Create routes for HTTP APIs": a full
 * match comes before a greedy one, a method before `ANY`, and `$default` last.
 */
import type { HttpRouteModel } from '../template/model';

export interface RouteMatch {
  readonly route: HttpRouteModel;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** `path` as the client sent it, still encoded. */
export function selectHttpRoute(
  routes: readonly HttpRouteModel[],
  method: string,
  path: string,
): RouteMatch | undefined {
  const matches = routes.flatMap((route) => {
    const match = matchRoute(route, method, path);
    return match === undefined ? [] : [{ ...match, rank: rankOf(route.key) }];
  });
  matches.sort((one, other) => one.rank - other.rank);
  return matches[0];
}

function matchRoute(route: HttpRouteModel, method: string, path: string): RouteMatch | undefined {
  if (route.key === '$default') return { route, pathParameters: {} };
  const [wantedMethod, pattern = ''] = route.key.split(' ');
  if (wantedMethod !== 'ANY' && wantedMethod !== method) return undefined;
  const expression = pattern
    .split('/')
    .map((segment) =>
      segment
        .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
        .replace(/^\{(\w+)\\\+\}$/, '(?<$1>.+)')
        .replace(/^\{(\w+)\}$/, '(?<$1>[^/]+)'),
    )
    .join('/');
  const found = new RegExp(`^${expression}$`).exec(path);
  return found === null ? undefined : { route, pathParameters: { ...found.groups } };
}

function rankOf(key: string): number {
  if (key === '$default') return 3;
  const greedy = key.includes('+}') ? 1 : 0;
  return greedy + (key.startsWith('ANY ') ? 0.5 : 0);
}
