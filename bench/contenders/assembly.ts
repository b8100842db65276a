/**
 * Writes another design as a cloud assembly for the laptop gateway: one asset with three handlers, its tables and
 * variables.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Variable with the table name → key of the table, partition key first. All keys are strings. */
export type ForeignTables = Readonly<Record<string, readonly string[]>>;

export interface ForeignDesign {
  readonly tables: ForeignTables;
  readonly variables: Readonly<Record<string, string>>;
  /** Writes `index.js`, which exports `connect`, `message` and `disconnect`. */
  readonly build: (file: string) => void;
}

const routes = { $connect: 'connect', $default: 'message', $disconnect: 'disconnect' } as const;
const origin = [
  'https://',
  { Ref: 'Api' },
  '.execute-api.',
  { Ref: 'AWS::Region' },
  '.',
  { Ref: 'AWS::URLSuffix' },
];
/** Posts to connections need a role that allows them, as on AWS. */
const role = {
  Type: 'AWS::IAM::Role',
  Properties: {
    Policies: [
      {
        PolicyName: 'all',
        PolicyDocument: {
          Statement: [{ Effect: 'Allow', Action: ['execute-api:ManageConnections'], Resource: ['*'] }],
        },
      },
    ],
  },
};

export function writeAssembly(folder: string, { tables, variables, build }: ForeignDesign): string {
  mkdirSync(path.join(folder, 'asset.functions'), { recursive: true });
  build(path.join(folder, 'asset.functions/index.js'));
  const resources: Record<string, unknown> = {
    Api: {
      Type: 'AWS::ApiGatewayV2::Api',
      Properties: { ProtocolType: 'WEBSOCKET', RouteSelectionExpression: '$request.body.none' },
    },
    Stage: { Type: 'AWS::ApiGatewayV2::Stage', Properties: { ApiId: { Ref: 'Api' }, StageName: 'ws' } },
    Role: role,
  };
  const environment: Record<string, unknown> = {
    ...variables,
    CALLBACK_URL: { 'Fn::Join': ['', [...origin, '/ws']] },
  };
  for (const [name, key] of Object.entries(tables)) {
    environment[`${name.toUpperCase()}_TABLE`] = { Ref: name };
    resources[name] = {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: key.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: key.map((AttributeName, index) => ({
          AttributeName,
          KeyType: index === 0 ? 'HASH' : 'RANGE',
        })),
      },
    };
  }
  for (const [routeKey, name] of Object.entries(routes))
    Object.assign(resources, route(routeKey, name, environment));
  writeFileSync(path.join(folder, 'Foreign.template.json'), JSON.stringify({ Resources: resources }));
  const artifact = {
    type: 'aws:cloudformation:stack',
    properties: { templateFile: 'Foreign.template.json' },
  };
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify({ artifacts: { Foreign: artifact } }));
  return folder;
}

function route(routeKey: string, name: string, environment: object): Record<string, unknown> {
  const arn = { 'Fn::GetAtt': [name, 'Arn'] };
  const prefix = ['arn:', { Ref: 'AWS::Partition' }, ':apigateway:', { Ref: 'AWS::Region' }];
  const uri = { 'Fn::Join': ['', [...prefix, ':lambda:path/2015-03-31/functions/', arn, '/invocations']] };
  return {
    [name]: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Handler: `index.${name}`,
        Timeout: 29,
        MemorySize: 512,
        Environment: { Variables: environment },
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      },
      Metadata: { 'aws:asset:path': 'asset.functions' },
    },
    [`${name}Integration`]: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: { ApiId: { Ref: 'Api' }, IntegrationType: 'AWS_PROXY', IntegrationUri: uri },
    },
    [`${name}Route`]: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey: routeKey,
        AuthorizationType: 'NONE',
        Target: { 'Fn::Join': ['', ['integrations/', { Ref: `${name}Integration` }]] },
      },
    },
  };
}
