/** The distribution in front: what it caches (nothing), forwards, logs (nothing) and protects. */
import { CachePolicy, OriginRequestPolicy } from 'aws-cdk-lib/aws-cloudfront';
import { edgeSecretHeader } from '../../lambda/contract';
import { flattened, onlyResource, resources, templateOf, variablesOf, type Properties } from './synthesized';

const template = templateOf();
const distributionOf = (settings: Record<string, unknown>) =>
  onlyResource(templateOf(settings), 'AWS::CloudFront::Distribution').Properties
    .DistributionConfig as Properties;
const distribution = onlyResource(template, 'AWS::CloudFront::Distribution').Properties.DistributionConfig;
const webAclArn = 'arn:aws:wafv2:us-east-1:111122223333:global/webacl/mine/1';
const certificateArn = 'arn:aws:acm:us-east-1:111122223333:certificate/1';

test('caches nothing and forwards everything but the host', () => {
  expect(distribution.DefaultCacheBehavior).toMatchObject({
    CachePolicyId: CachePolicy.CACHING_DISABLED.cachePolicyId,
    OriginRequestPolicyId: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER.originRequestPolicyId,
    AllowedMethods: ['GET', 'HEAD'],
    ViewerProtocolPolicy: 'https-only',
  });
});

test('sends /v1/ws to the WebSocket API, and the rest of /v1 to the HTTP API with every method', () => {
  const behaviors = distribution.CacheBehaviors as Properties[];
  const [socket, http] = behaviors;
  expect(behaviors.map(({ PathPattern }) => PathPattern as string)).toEqual(['/v1/ws*', '/v1/*']);
  expect(socket).toEqual({ ...distribution.DefaultCacheBehavior, PathPattern: '/v1/ws*' });
  expect(http).toMatchObject({
    CachePolicyId: CachePolicy.CACHING_DISABLED.cachePolicyId,
    OriginRequestPolicyId: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER.originRequestPolicyId,
    AllowedMethods: expect.arrayContaining(['POST', 'DELETE', 'OPTIONS']),
    ViewerProtocolPolicy: 'https-only',
  });
  expect(http).not.toHaveProperty('FunctionAssociations');
  const origin = (distribution.Origins as Properties[]).find(({ Id }) => Id === http?.TargetOriginId);
  expect(flattened(origin?.DomainName)).toBe('<HttpApi>.execute-api.<AWS::Region>.<AWS::URLSuffix>');
});

test('remembers no error: one refused agent must not refuse the next', () => {
  const errors = distribution.CustomErrorResponses as { ErrorCode: number; ErrorCachingMinTTL: number }[];
  expect(errors.map(({ ErrorCode }) => ErrorCode)).toEqual([
    400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504,
  ]);
  expect(errors.every(({ ErrorCachingMinTTL }) => ErrorCachingMinTTL === 0)).toBe(true);
});

test('reaches the API over TLS only', () => {
  expect(flattened(distribution.Origins[0].DomainName)).toBe(
    '<WebSocketApi>.execute-api.<AWS::Region>.<AWS::URLSuffix>',
  );
  expect(distribution.Origins[0]).not.toHaveProperty('OriginPath');
  expect(distribution.Origins[0].CustomOriginConfig).toMatchObject({
    OriginProtocolPolicy: 'https-only',
    OriginSSLProtocols: ['TLSv1.2'],
  });
});

test('writes no standard log, which would hold tokens, and answers over IPv6', () => {
  expect(distribution).not.toHaveProperty('Logging');
  expect(distribution.IPV6Enabled).toBe(true);
});

test('runs the path function on the request of the viewer', () => {
  expect(distribution.DefaultCacheBehavior.FunctionAssociations).toEqual([
    { EventType: 'viewer-request', FunctionARN: expect.anything() },
  ]);
  expect(onlyResource(template, 'AWS::CloudFront::Function').Properties.FunctionConfig.Runtime).toBe(
    'cloudfront-js-2.0',
  );
});

test('edge: false leaves the stage alone', () => {
  const bare = templateOf({ edge: false });
  bare.resourceCountIs('AWS::CloudFront::Distribution', 0);
  bare.resourceCountIs('AWS::CloudFront::Function', 0);
  expect(Object.keys(bare.findOutputs('*'))).not.toContain('EdgeBaseUrl');
});

test('a rate limit makes a web ACL that shows nobody a query string', () => {
  const limited = templateOf({ edge: { rateLimitPer5Minutes: 500 } });
  const { Properties } = onlyResource(limited, 'AWS::WAFv2::WebACL');
  expect(Properties.Scope).toBe('CLOUDFRONT');
  expect(Properties.Rules[0].Statement.RateBasedStatement).toEqual({
    AggregateKeyType: 'IP',
    EvaluationWindowSec: 300,
    Limit: 500,
  });
  expect(JSON.stringify(Properties)).not.toContain('"SampledRequestsEnabled":true');
  const { WebACLId } = onlyResource(limited, 'AWS::CloudFront::Distribution').Properties.DistributionConfig;
  expect(flattened(WebACLId)).toBe('<EdgeRateLimitWebAcl>');
});

test('takes a web ACL, a domain name and a certificate of the operator', () => {
  expect(distributionOf({ edge: { webAclArn } }).WebACLId).toBe(webAclArn);
  const named = templateOf({ edge: { domainName: 'bus.example.com', certificateArn } });
  expect(flattened(named.findOutputs('EdgeCnameTarget').EdgeCnameTarget!.Value)).toBe('<EdgeDistribution>');
  const config = onlyResource(named, 'AWS::CloudFront::Distribution').Properties.DistributionConfig;
  expect(config.Aliases).toEqual(['bus.example.com']);
  expect(config.ViewerCertificate).toMatchObject({
    AcmCertificateArn: certificateArn,
    MinimumProtocolVersion: 'TLSv1.2_2021',
  });
  expect(named.findOutputs('EdgeBaseUrl').EdgeBaseUrl?.Value).toBe('wss://bus.example.com/v1');
});

test('exclusive: the edge shows a secret that AWS makes, and the authorizer takes it and the one before it', () => {
  const exclusive = templateOf({ edge: { exclusive: 2 } });
  const [current, previous] = ['2', '1'].map(
    (number) => `{{resolve:secretsmanager:<EdgeSecretsSecret${number}>:SecretString:::}}`,
  );
  const config = onlyResource(exclusive, 'AWS::CloudFront::Distribution').Properties.DistributionConfig;
  const headers = config.Origins[0].OriginCustomHeaders as Properties[];
  expect(headers.map(({ HeaderName, HeaderValue }) => [String(HeaderName), flattened(HeaderValue)])).toEqual([
    [edgeSecretHeader, current],
  ]);
  const variables = variablesOf(exclusive, 'authorizer');
  expect(flattened(variables.EDGE_SECRET)).toBe(current);
  expect(flattened(variables.PREVIOUS_EDGE_SECRET)).toBe(previous);
  expect(onlyResource(exclusive, 'AWS::ApiGatewayV2::Authorizer').Properties.IdentitySource).toEqual([
    'route.request.querystring.token',
    `route.request.header.${edgeSecretHeader}`,
  ]);
  const secrets = Object.values(resources(exclusive, 'AWS::SecretsManager::Secret'));
  expect(secrets.map(({ Properties }) => Properties.GenerateSecretString as object)).toEqual([
    { ExcludePunctuation: true, PasswordLength: 48 },
    { ExcludePunctuation: true, PasswordLength: 48 },
  ]);
  // Otherwise CloudFront would show a secret that the authorizer does not know yet.
  const { DependsOn } = onlyResource(exclusive, 'AWS::CloudFront::Distribution');
  expect([DependsOn].flat().some((id) => id?.startsWith('FunctionsAuthorizerFunction'))).toBe(true);
  expect(Object.keys(exclusive.findOutputs('*'))).toEqual(
    expect.not.arrayContaining(['BaseUrl', 'WebSocketUrl']),
  );
});

test('the header of the edge is one that CloudFront lets an origin have', () => {
  expect(edgeSecretHeader).not.toMatch(/^x-(edge|amz)-/i);
  const config = onlyResource(template, 'AWS::CloudFront::Distribution').Properties.DistributionConfig;
  expect(config.Origins[0]).not.toHaveProperty('OriginCustomHeaders');
  expect(variablesOf(template, 'authorizer')).not.toHaveProperty('EDGE_SECRET');
});
