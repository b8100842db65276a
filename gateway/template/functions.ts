/**
 * Reads the Lambda functions of a template. An unreadable function is an error only when it is used, because the CDK
 * adds functions (custom resources) that the gateway never invokes.
 */
import { existsSync } from 'node:fs';
import { GatewayError } from '../gateway-error';
import { objectOr } from '../json';
import type { Assembly } from './assembly';
import { readAttribute } from './attributes';
import type { FunctionModel } from './model';
import type { Location, Resolver, Resource } from './resolver';
import { readCallbackPolicy } from './roles';

export interface FunctionReader {
  functions: Map<string, FunctionModel>;
  /**
   * The name of the function of an ARN (plain, or inside an integration URI); throws when the function is unreadable.
   */
  nameIn(uri: string, location: Location): string;
}

export function readFunctions(resolver: Resolver, assembly: Assembly): FunctionReader {
  const functions = new Map<string, FunctionModel>();
  const unreadable = new Map<string, GatewayError>();
  for (const resource of resolver.ofType('AWS::Lambda::Function')) {
    const name = readAttribute(resource, undefined, resolver) ?? resource.logicalId;
    try {
      functions.set(name, readFunction(resource, name, resolver, assembly));
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      unreadable.set(name, error);
    }
  }
  return {
    functions,
    nameIn: (uri, location) => {
      const name = functionNameIn(uri);
      const problem = unreadable.get(name);
      if (problem !== undefined) throw problem;
      if (!functions.has(name)) throw resolver.errorAt(location, `names no function of the stack: ${uri}`);
      return name;
    },
  };
}

/** The function's name in an ARN, a partial ARN, an integration URI or a plain name; a qualifier is left out. */
export function functionNameIn(uri: string): string {
  return /function:([^:/]+)/.exec(uri)?.[1] ?? uri.split(':')[0] ?? uri;
}

function readFunction(
  resource: Resource,
  name: string,
  resolver: Resolver,
  assembly: Assembly,
): FunctionModel {
  const { logicalId, properties } = resource;
  const location = (property: string): Location => ({ logicalId, property });
  const number = (property: string, fallback: number): number =>
    Number(resolver.resolve(properties[property], location(property)) ?? fallback);
  const [, module, exportName] =
    /^(.+)\.([^./]+)$/.exec(resolver.text(properties.Handler, location('Handler'))) ?? [];
  if (module === undefined || exportName === undefined) {
    throw resolver.errorAt(location('Handler'), 'is not of the form module.export');
  }
  const variables = objectOr(objectOr(properties.Environment).Variables);
  const environment = Object.entries(variables).map(([key, value]) => [
    key,
    resolver.text(value, location(`Environment.Variables.${key}`)),
  ]);
  const asynchronous = readAsynchronousSettings(resource, name, resolver);
  return {
    name,
    arn: readAttribute(resource, 'Arn', resolver) ?? '',
    directory: codeFolder(resource, resolver, assembly),
    module,
    exportName,
    environment: Object.fromEntries(environment) as Record<string, string>,
    // Lambda's own defaults: 3 seconds, 128 MB.
    timeoutMs: number('Timeout', 3) * 1000,
    memoryMb: number('MemorySize', 128),
    ...asynchronous,
    callbackPolicy: readCallbackPolicy(resource, resolver),
  };
}

function codeFolder(resource: Resource, resolver: Resolver, assembly: Assembly): string {
  const { logicalId, metadata, properties } = resource;
  const location = { logicalId, property: 'Code' };
  const uploadKey = objectOr(properties.Code).S3Key;
  const folder = assembly.assetFolder(
    metadata['aws:asset:path'],
    typeof uploadKey === 'string' ? uploadKey : '',
  );
  if (folder === undefined) throw resolver.errorAt(location, 'is no asset of the assembly');
  if (!existsSync(folder)) {
    throw new GatewayError(
      `${logicalId}.Code is missing: ${folder} does not exist.`,
      'Synthesize the app again (cdk synth).',
    );
  }
  return folder;
}

/** Lambda retries a failed asynchronous invocation twice, unless the stack sets another number. */
function readAsynchronousSettings(
  { logicalId }: Resource,
  name: string,
  resolver: Resolver,
): Pick<FunctionModel, 'retries' | 'failureDestination'> {
  for (const { logicalId: configId, properties } of resolver.ofType('AWS::Lambda::EventInvokeConfig')) {
    const location = { logicalId: configId, property: 'FunctionName' };
    if (functionNameIn(resolver.text(properties.FunctionName, location)) !== name) continue;
    const destination = objectOr(objectOr(properties.DestinationConfig).OnFailure).Destination;
    return {
      retries: Number(properties.MaximumRetryAttempts ?? 2),
      failureDestination:
        destination === undefined
          ? undefined
          : resolver.text(destination, { logicalId, property: 'DestinationConfig.OnFailure' }),
    };
  }
  return { retries: 2, failureDestination: undefined };
}
