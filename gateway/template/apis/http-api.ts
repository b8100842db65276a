/**
 * Reads the HTTP API of a template, if there is one: its routes, integrations and CORS settings. Unsupported features
 * are rejected with their name instead of being ignored.
 */
import { listOr, objectOr } from '../../json';
import { at, byId, integrationOf, only, partsOf, readIntegration } from './api-parts';
import { readAttribute } from '../attributes';
import type { FunctionReader } from '../functions';
import type { CorsModel, HttpApiModel, HttpRouteModel } from '../model';
import type { Resolver, Resource } from '../resolver';

export function readHttpApi(resolver: Resolver, functions: FunctionReader): HttpApiModel | undefined {
  const apis = nearest(
    resolver.ofType('AWS::ApiGatewayV2::Api').filter((each) => each.properties.ProtocolType === 'WEBSOCKET'),
    resolver
      .ofType('AWS::ApiGatewayV2::Api')
      .filter((each) => each.properties.ProtocolType === 'HTTP')
      // Without a stage it serves nothing.
      .filter((each) => partsOf(each, resolver)('AWS::ApiGatewayV2::Stage').length > 0),
  );
  if (apis.length === 0) return undefined;
  const api = only(apis, 'HTTP API', resolver.stackName);
  const ofApi = partsOf(api, resolver);
  const stage = only(ofApi('AWS::ApiGatewayV2::Stage'), 'stage', api.logicalId);
  if (resolver.text(stage.properties.StageName, at(stage, 'StageName')) !== '$default') {
    throw resolver.errorAt(
      at(stage, 'StageName'),
      'is not $default, the only supported stage of an HTTP API',
    );
  }
  const variables = objectOr(resolver.resolve(stage.properties.StageVariables, at(stage, 'StageVariables')));
  const integrations = byId(ofApi('AWS::ApiGatewayV2::Integration'), resolver);
  return {
    id: readAttribute(api, undefined, resolver) ?? '',
    stageVariables: Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, String(value)]),
    ),
    routes: ofApi('AWS::ApiGatewayV2::Route').map((route) =>
      readRoute(route, integrations, resolver, functions),
    ),
    cors: readCors(api, resolver),
  };
}

/**
 * A foreign app may have HTTP APIs of its own. The one beside the WebSocket API is of the same construct, with whose id the logical
 * ids of both begin.
 */
function nearest([webSocketApi]: readonly Resource[], apis: Resource[]): Resource[] {
  const common = apis.map(({ logicalId }) => commonLength(logicalId, webSocketApi?.logicalId ?? ''));
  return apis.filter((_, index) => common[index] === Math.max(...common));
}

function commonLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
}

function readRoute(
  route: Resource,
  integrations: Map<string, Resource>,
  resolver: Resolver,
  functions: FunctionReader,
): HttpRouteModel {
  const { AuthorizationType, RouteKey } = route.properties;
  if (AuthorizationType !== undefined && AuthorizationType !== 'NONE') {
    throw resolver.errorAt(
      at(route, 'AuthorizationType'),
      'is not NONE, the only supported type of HTTP APIs',
    );
  }
  const integration = integrationOf(route, integrations, resolver);
  if (integration === undefined) throw resolver.errorAt(at(route, 'Target'), 'is missing');
  const version = at(integration, 'PayloadFormatVersion');
  if (resolver.text(integration.properties.PayloadFormatVersion, version) !== '2.0') {
    throw resolver.errorAt(version, 'is not 2.0, the only supported format');
  }
  return {
    key: resolver.text(RouteKey, at(route, 'RouteKey')),
    integration: readIntegration(integration, resolver, functions),
  };
}

function readCors(api: Resource, resolver: Resolver): CorsModel | undefined {
  const { CorsConfiguration } = api.properties;
  if (CorsConfiguration === undefined) return undefined;
  const cors = objectOr(resolver.resolve(CorsConfiguration, at(api, 'CorsConfiguration')));
  if (cors.AllowCredentials === true) {
    throw resolver.errorAt(at(api, 'CorsConfiguration.AllowCredentials'), 'is not supported');
  }
  const texts = (name: string): string[] => listOr(cors[name]).map(String);
  return {
    allowOrigins: texts('AllowOrigins'),
    allowMethods: texts('AllowMethods'),
    allowHeaders: texts('AllowHeaders'),
    exposeHeaders: texts('ExposeHeaders'),
    maxAgeSeconds: cors.MaxAge === undefined ? undefined : Number(cors.MaxAge),
  };
}
