/**
 * Reads the WebSocket API of a template: its stage, routes, integrations and authorizer. Unsupported features are
 * rejected with their name instead of being ignored.
 */
import { GatewayError } from '../gateway-error';
import { listOr, objectOr } from '../json';
import { limits } from '../platform';
import { readAttribute } from './attributes';
import type { FunctionReader } from './functions';
import type { ApiModel, AuthorizerModel, IdentitySource, IntegrationModel, RouteModel } from './model';
import type { Location, Resolver, Resource } from './resolver';

export function readWebSocketApi(resolver: Resolver, functions: FunctionReader): ApiModel {
  const apis = resolver
    .ofType('AWS::ApiGatewayV2::Api')
    .filter(({ properties }) => properties.ProtocolType === 'WEBSOCKET');
  const api = only(apis, 'WebSocket API', resolver.stackName);
  const id = readAttribute(api, undefined, resolver) ?? '';
  const ofApi = (type: string): Resource[] =>
    resolver
      .ofType(type)
      .filter(
        ({ logicalId, properties }) =>
          resolver.text(properties.ApiId, { logicalId, property: 'ApiId' }) === id,
      );
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
  return {
    key,
    integration: readIntegration(route, parts, resolver, functions),
    authorizer: readAuthorizer(route, parts, resolver, functions),
    repliesToCaller:
      properties.RouteResponseSelectionExpression === '$default' && parts.routesWithResponse.has(id),
  };
}

function readIntegration(
  route: Resource,
  parts: Parts,
  resolver: Resolver,
  functions: FunctionReader,
): IntegrationModel | undefined {
  if (route.properties.Target === undefined) return undefined;
  const target = resolver.text(route.properties.Target, at(route, 'Target'));
  const integration = parts.integrations.get(target.replace('integrations/', ''));
  if (integration === undefined)
    throw resolver.errorAt(at(route, 'Target'), 'names no integration of the API');
  const { IntegrationType, IntegrationUri, TimeoutInMillis } = integration.properties;
  if (IntegrationType !== 'AWS_PROXY') {
    throw resolver.errorAt(at(integration, 'IntegrationType'), 'is not AWS_PROXY, the only supported type');
  }
  const location = at(integration, 'IntegrationUri');
  return {
    functionName: functions.nameIn(resolver.text(IntegrationUri, location), location),
    timeoutMs: Number(TimeoutInMillis ?? limits.integrationMs),
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

function at({ logicalId }: Resource, property: string): Location {
  return { logicalId, property };
}

function byId(resources: Resource[], resolver: Resolver): Map<string, Resource> {
  return new Map(resources.map((resource) => [readAttribute(resource, undefined, resolver) ?? '', resource]));
}

function only(found: Resource[], what: string, owner: string): Resource {
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new GatewayError(
      `${owner} has ${found.length === 0 ? 'no' : found.length} ${what}${found.length > 1 ? 's' : ''}.`,
      `The laptop gateway runs a stack with exactly one ${what}.`,
    );
  }
  return first;
}
