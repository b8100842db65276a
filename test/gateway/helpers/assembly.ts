/**
 * Writes a small cloud assembly by hand: a template as the CDK would synthesize it, and plain handler assets.
 * The gateway's tests stand on this, not on the product.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FunctionFixture {
  /** Source of index.js. */
  code: string;
  timeoutSeconds?: number;
  memoryMb?: number;
  environment?: Record<string, unknown>;
}

export interface Fixture {
  /** By logical id; Connect, Default and Disconnect get the routes of that name. */
  functions?: Record<string, string | FunctionFixture>;
  /** Further routes: key → logical id of the function. */
  routes?: Record<string, string>;
  /** Route keys with a `$default` route response. */
  twoWay?: string[];
  expression?: string;
  identitySources?: string[];
  stageVariables?: Record<string, string>;
  integrationTimeoutMs?: number;
  /** Code of the viewer-request Function; puts a distribution in front. */
  edge?: string;
  originPath?: string;
  /** Further resources, parameters, conditions, outputs; written over the others. */
  resources?: Record<string, unknown>;
  sections?: Record<string, unknown>;
}

export const accept = 'exports.handler = async () => ({ statusCode: 200 });';

/** A handler that writes its event to the log and answers with the given expression. */
export function recording(answer = '{ statusCode: 200 }'): string {
  return `exports.handler = async (event) => { console.log(JSON.stringify(event)); return ${answer}; };`;
}

const folders: string[] = [];

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  folders.push(folder);
  return folder;
}

export function removeTemporaryFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

const lifecycle: Record<string, string> = {
  Connect: '$connect',
  Default: '$default',
  Disconnect: '$disconnect',
};

export function writeAssembly(fixture: Fixture): string {
  const folder = temporaryFolder();
  const resources: Record<string, unknown> = { ...apiResources(fixture) };
  for (const [id, given] of Object.entries(fixture.functions ?? {})) {
    const settings = typeof given === 'string' ? { code: given } : given;
    mkdirSync(join(folder, `asset.${id}`));
    writeFileSync(join(folder, `asset.${id}`, 'index.js'), settings.code);
    resources[id] = functionResource(id, settings);
    const key = lifecycle[id];
    if (key !== undefined) Object.assign(resources, route(key, id, fixture));
  }
  for (const [key, id] of Object.entries(fixture.routes ?? {}))
    Object.assign(resources, route(key, id, fixture));
  if (fixture.edge !== undefined) Object.assign(resources, edgeResources(fixture.edge, fixture.originPath));
  const template = { ...fixture.sections, Resources: { ...resources, ...fixture.resources } };
  writeFileSync(join(folder, 'Test.template.json'), JSON.stringify(template));
  const artifact = { type: 'aws:cloudformation:stack', properties: { templateFile: 'Test.template.json' } };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ artifacts: { Test: artifact } }));
  return folder;
}

function functionResource(id: string, { timeoutSeconds, memoryMb, environment }: FunctionFixture): unknown {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Handler: 'index.handler',
      Timeout: timeoutSeconds ?? 5,
      MemorySize: memoryMb ?? 256,
      Environment: { Variables: environment ?? {} },
      Role: { 'Fn::GetAtt': ['SomeRole', 'Arn'] },
    },
    Metadata: { 'aws:asset:path': `asset.${id}` },
  };
}

function apiResources({
  expression,
  stageVariables,
  functions,
  identitySources,
}: Fixture): Record<string, unknown> {
  return {
    Api: {
      Type: 'AWS::ApiGatewayV2::Api',
      Properties: {
        ProtocolType: 'WEBSOCKET',
        RouteSelectionExpression: expression ?? '$request.body.action',
      },
    },
    Stage: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: {
        ApiId: { Ref: 'Api' },
        StageName: 'ws',
        ...(stageVariables !== undefined && { StageVariables: stageVariables }),
      },
    },
    ...(functions?.Authorizer !== undefined && {
      TheAuthorizer: {
        Type: 'AWS::ApiGatewayV2::Authorizer',
        Properties: {
          ApiId: { Ref: 'Api' },
          AuthorizerType: 'REQUEST',
          AuthorizerUri: invocationUri('Authorizer'),
          IdentitySource: identitySources ?? ['route.request.querystring.token'],
        },
      },
    }),
  };
}

function route(key: string, functionId: string, fixture: Fixture): Record<string, unknown> {
  const name = `Route${key.replace(/\W/g, '')}${functionId}`;
  const isAuthorized = key === '$connect' && fixture.functions?.Authorizer !== undefined;
  const isTwoWay = fixture.twoWay?.includes(key) === true;
  return {
    [`${name}Integration`]: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: { Ref: 'Api' },
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: invocationUri(functionId),
        ...(fixture.integrationTimeoutMs !== undefined && { TimeoutInMillis: fixture.integrationTimeoutMs }),
      },
    },
    [name]: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey: key,
        AuthorizationType: isAuthorized ? 'CUSTOM' : 'NONE',
        ...(isAuthorized && { AuthorizerId: { Ref: 'TheAuthorizer' } }),
        ...(isTwoWay && { RouteResponseSelectionExpression: '$default' }),
        Target: { 'Fn::Join': ['', ['integrations/', { Ref: `${name}Integration` }]] },
      },
    },
    ...(isTwoWay && {
      [`${name}Response`]: {
        Type: 'AWS::ApiGatewayV2::RouteResponse',
        Properties: { ApiId: { Ref: 'Api' }, RouteId: { Ref: name }, RouteResponseKey: '$default' },
      },
    }),
  };
}

function edgeResources(code: string, originPath: string | undefined): Record<string, unknown> {
  const endpoint = { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] };
  return {
    EdgeFunction: { Type: 'AWS::CloudFront::Function', Properties: { FunctionCode: code } },
    Distribution: {
      Type: 'AWS::CloudFront::Distribution',
      Properties: {
        DistributionConfig: {
          DefaultCacheBehavior: {
            TargetOriginId: 'origin',
            FunctionAssociations: [
              { EventType: 'viewer-request', FunctionARN: { 'Fn::GetAtt': ['EdgeFunction', 'FunctionARN'] } },
            ],
          },
          Origins: [
            {
              Id: 'origin',
              DomainName: { 'Fn::Select': [2, { 'Fn::Split': ['/', endpoint] }] },
              ...(originPath !== undefined && { OriginPath: originPath }),
            },
          ],
        },
      },
    },
  };
}

function invocationUri(functionId: string): unknown {
  const arn = { 'Fn::GetAtt': [functionId, 'Arn'] };
  const prefix = ['arn:', { Ref: 'AWS::Partition' }, ':apigateway:', { Ref: 'AWS::Region' }];
  return { 'Fn::Join': ['', [...prefix, ':lambda:path/2015-03-31/functions/', arn, '/invocations']] };
}
