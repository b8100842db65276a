/**
 * The results of `Ref` and `Fn::GetAtt` for the supported resource types. Physical names are derived from the stack
 * and the logical id, so that a restart finds the same tables.
 */
import { derivedId, derivedUuid } from '../ids';
import { accountId, partition, region, urlSuffix } from '../platform';
import type { Resolver, Resource } from './resolver';

type Reader = (resource: Resource, resolver: Resolver) => string;

const arn = (service: string, rest: string): string =>
  `arn:${partition}:${service}:${region}:${accountId}:${rest}`;

/** The name in the template, or one derived from the stack and the logical id. */
function named(property: string, longest: number): Reader {
  return (resource, resolver) => {
    const given = resource.properties[property];
    if (given !== undefined) return resolver.text(given, { logicalId: resource.logicalId, property });
    return `${resolver.stackName}-${resource.logicalId}`.slice(0, longest);
  };
}

const seed: Reader = ({ logicalId }, { stackName }) => `${stackName}/${logicalId}`;
const shortId: Reader = (resource, resolver) => derivedId(seed(resource, resolver), 10);
const property =
  (name: string): Reader =>
  (resource, resolver) =>
    resolver.text(resource.properties[name], { logicalId: resource.logicalId, property: name });

const functionName = named('FunctionName', 64);
const tableName = named('TableName', 255);
const queueName = named('QueueName', 80);
const ruleName = named('Name', 64);
const logGroupName = named('LogGroupName', 512);
const keyId: Reader = (resource, resolver) => derivedUuid(seed(resource, resolver));

const apiEndpoint: Reader = (resource, resolver) => {
  const scheme = resource.properties.ProtocolType === 'HTTP' ? 'https' : 'wss';
  return `${scheme}://${shortId(resource, resolver)}.execute-api.${region}.${urlSuffix}`;
};

/** By type, then by attribute; `Ref` is the plain reference. */
const readers: Record<string, Record<string, Reader>> = {
  'AWS::ApiGatewayV2::Api': {
    Ref: shortId,
    ApiId: shortId,
    ApiEndpoint: apiEndpoint,
  },
  'AWS::ApiGatewayV2::Stage': { Ref: property('StageName') },
  'AWS::ApiGatewayV2::Route': { Ref: shortId, RouteId: shortId },
  'AWS::ApiGatewayV2::Integration': { Ref: shortId, IntegrationId: shortId },
  'AWS::ApiGatewayV2::Authorizer': { Ref: shortId, AuthorizerId: shortId },
  'AWS::Lambda::Function': {
    Ref: functionName,
    Arn: (...of) => arn('lambda', `function:${functionName(...of)}`),
  },
  'AWS::Lambda::Version': { Ref: (...of) => `${property('FunctionName')(...of)}:1` },
  'AWS::Lambda::Alias': { Ref: (...of) => `${property('FunctionName')(...of)}:${property('Name')(...of)}` },
  'AWS::DynamoDB::Table': { Ref: tableName, Arn: (...of) => arn('dynamodb', `table/${tableName(...of)}`) },
  'AWS::DynamoDB::GlobalTable': {
    Ref: tableName,
    Arn: (...of) => arn('dynamodb', `table/${tableName(...of)}`),
  },
  'AWS::KMS::Key': { Ref: keyId, KeyId: keyId, Arn: (...of) => arn('kms', `key/${keyId(...of)}`) },
  'AWS::SecretsManager::Secret': {
    Ref: (...of) => arn('secretsmanager', `secret:${shortId(...of)}`),
    Id: (...of) => arn('secretsmanager', `secret:${shortId(...of)}`),
  },
  'AWS::SQS::Queue': {
    Ref: (...of) => `https://sqs.${region}.${urlSuffix}/${accountId}/${queueName(...of)}`,
    QueueUrl: (...of) => `https://sqs.${region}.${urlSuffix}/${accountId}/${queueName(...of)}`,
    QueueName: queueName,
    Arn: (...of) => arn('sqs', queueName(...of)),
  },
  'AWS::Logs::LogGroup': {
    Ref: logGroupName,
    Arn: (...of) => arn('logs', `log-group:${logGroupName(...of)}:*`),
  },
  'AWS::SNS::Topic': { Ref: (...of) => arn('sns', named('TopicName', 256)(...of)) },
  'AWS::Events::Rule': { Ref: ruleName, Arn: (...of) => arn('events', `rule/${ruleName(...of)}`) },
  'AWS::Scheduler::Schedule': {
    Ref: ruleName,
    Arn: (...of) => arn('scheduler', `schedule/default/${ruleName(...of)}`),
  },
  'AWS::CloudFront::Function': { Ref: seed, FunctionARN: seed },
  'AWS::CloudFront::Distribution': {
    Ref: (...of) => `E${derivedId(seed(...of), 13).toUpperCase()}`,
    Id: (...of) => `E${derivedId(seed(...of), 13).toUpperCase()}`,
    DomainName: (...of) => `d${derivedId(seed(...of), 13)}.cloudfront.net`,
  },
};

export function readAttribute(
  resource: Resource,
  attribute: string | undefined,
  resolver: Resolver,
): string | undefined {
  return readers[resource.type]?.[attribute ?? 'Ref']?.(resource, resolver);
}
