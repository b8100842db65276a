/**
 * Reads the WebSocket API of a template: its stage, routes, integrations and authorizer. Unsupported features are
 * rejected with their name instead of being ignored.
 */
import { listOr, objectOr } from '../../json';
import { at, byId, integrationOf, only, partsOf, readIntegration } from './api-parts';
import { readAttribute } from '../attributes';
import type { FunctionReader } from '../functions';
import type { ApiModel, AuthorizerModel, IdentitySource, RouteModel } from '../model';
import type { Location, Resolver, Resource } from '../resolver';

export function readWebSocketApi(resolver: Resolver, functions: FunctionReader): ApiModel {
  const apis = resolver
    .ofType('AWS::ApiGatewayV2::Api')
    .filter(({ properties }) => properties.ProtocolType === 'WEBSOCKET');
  const api = only(apis, 'WebSocket API', resolver.stackName);
  const id = readAttribute(api, undefined, resolver) ?? '';
  const ofApi = partsOf(api, resolver);
  const stage = only(ofApi('AWS::ApiGatewayV2::Stage'), 'stage', api.logicalId);
  const variables = objectOr(resolver.resolve(stage.properties.StageVariables, at(stage, 'StageVariables')));
  const parts = {
    integrations: byId(ofApi('AWS::ApiGatewayV2::Integration'), resolver),
    authorizers: byId(ofApi('AWS::ApiGatewayV2::Authorizer'), resolver),
    routesWithResponse: new Set(
      ofApi('AWS::ApiGatewayV2::RouteResponse')
        .filter(({ properties }) => properties.RouteResponseKey === '$default')
        .map((response) => resolver.text(response.properties.RouteId, at(response, 'RouteId'))),
    ),
  };
  const routes = ofApi('AWS::ApiGatewayV2::Route').map((route) =>
    readRoute(route, parts, resolver, functions),
  );
  return {
    id,
    stage: resolver.text(stage.properties.StageName, at(stage, 'StageName')),
    stageVariables: Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, String(value)]),
    ),
    routeSelectionExpression: resolver.text(
      api.properties.RouteSelectionExpression,
      at(api, 'RouteSelectionExpression'),
    ),
    routes: new Map(routes.map((route) => [route.key, route])),
  };
}

interface Parts {
  integrations: Map<string, Resource>;
  authorizers: Map<string, Resource>;
  routesWithResponse: Set<string>;
}

function readRoute(route: Resource, parts: Parts, resolver: Resolver, functions: FunctionReader): RouteModel {
  const { properties } = route;
  const key = resolver.text(properties.RouteKey, at(route, 'RouteKey'));
  if (properties.ApiKeyRequired === true) {
    throw resolver.errorAt(
      at(route, 'ApiKeyRequired'),
      'requires an API key, which the gateway does not support',
    );
  }
  const id = readAttribute(route, undefined, resolver) ?? '';
  const integration = integrationOf(route, parts.integrations, resolver);
  return {
    key,
    integration: integration && readIntegration(integration, resolver, functions),
    authorizer: readAuthorizer(route, parts, resolver, functions),
    repliesToCaller:
      properties.RouteResponseSelectionExpression === '$default' && parts.routesWithResponse.has(id),
  };
}

function readAuthorizer(
  route: Resource,
  parts: Parts,
  resolver: Resolver,
  functions: FunctionReader,
): AuthorizerModel | undefined {
  const { AuthorizationType, AuthorizerId } = route.properties;
  if (AuthorizationType === undefined || AuthorizationType === 'NONE') return undefined;
  if (AuthorizationType !== 'CUSTOM') {
    throw resolver.errorAt(at(route, 'AuthorizationType'), 'is neither NONE nor CUSTOM');
  }
  const authorizer = parts.authorizers.get(resolver.text(AuthorizerId, at(route, 'AuthorizerId')));
  if (authorizer === undefined)
    throw resolver.errorAt(at(route, 'AuthorizerId'), 'names no authorizer of the API');
  const uri = at(authorizer, 'AuthorizerUri');
  const sources = at(authorizer, 'IdentitySource');
  return {
    functionName: functions.nameIn(resolver.text(authorizer.properties.AuthorizerUri, uri), uri),
    identitySources: listOr(resolver.resolve(authorizer.properties.IdentitySource, sources)).map((source) =>
      readIdentitySource(String(source), sources, resolver),
    ),
  };
}

/** WebSocket APIs support four forms; AWS rejects the `$request.header.Name` of HTTP APIs. */
function readIdentitySource(source: string, location: Location, resolver: Resolver): IdentitySource {
  const [, request, plain] =
    /^(?:route\.request\.((?:header|querystring)\..+)|((?:stageVariables|context)\..+))$/.exec(source) ?? [];
  const path = request ?? plain;
  if (path === undefined)
    throw resolver.errorAt(location, `holds ${source}, which is not an identity source of WebSocket`);
  const dot = path.indexOf('.');
  return { from: path.slice(0, dot) as IdentitySource['from'], name: path.slice(dot + 1) };
}
