/** What the readers of WebSocket and HTTP APIs share: the resources of one API, and the integration of a route. */
import { GatewayError } from '../../gateway-error';
import { limits } from '../../platform';
import { readAttribute } from '../attributes';
import type { FunctionReader } from '../functions';
import type { IntegrationModel } from '../model';
import type { Location, Resolver, Resource } from '../resolver';

/** Gives the resources of a type that belong to the API. */
export function partsOf(api: Resource, resolver: Resolver): (type: string) => Resource[] {
  const id = readAttribute(api, undefined, resolver);
  return (type) =>
    resolver
      .ofType(type)
      .filter(
        ({ logicalId, properties }) =>
          resolver.text(properties.ApiId, { logicalId, property: 'ApiId' }) === id,
      );
}

/** `undefined` for a route without a target. */
export function integrationOf(
  route: Resource,
  integrations: ReadonlyMap<string, Resource>,
  resolver: Resolver,
): Resource | undefined {
  if (route.properties.Target === undefined) return undefined;
  const target = resolver.text(route.properties.Target, at(route, 'Target'));
  const integration = integrations.get(target.replace('integrations/', ''));
  if (integration === undefined)
    throw resolver.errorAt(at(route, 'Target'), 'names no integration of the API');
  return integration;
}

export function readIntegration(
  integration: Resource,
  resolver: Resolver,
  functions: FunctionReader,
): IntegrationModel {
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

export function at({ logicalId }: Resource, property: string): Location {
  return { logicalId, property };
}

export function byId(resources: Resource[], resolver: Resolver): Map<string, Resource> {
  return new Map(resources.map((resource) => [readAttribute(resource, undefined, resolver) ?? '', resource]));
}

export function only(found: Resource[], what: string, owner: string): Resource {
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new GatewayError(
      `${owner} has ${found.length === 0 ? 'no' : found.length} ${what}${found.length > 1 ? 's' : ''}.`,
      `The laptop gateway runs a stack with exactly one ${what}.`,
    );
  }
  return first;
}
