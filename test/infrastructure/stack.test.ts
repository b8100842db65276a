/** The stack as a whole: its outputs, the security checks, and one snapshot for what nobody thought of. */
import { Stack, type App } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { addPubSub } from '../../lib/app';
import { parseSettings } from '../../lib/settings/config';
import { createApp, flattened, templateOf } from './synthesized';

const outputsOf = (settings: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(templateOf(settings).findOutputs('*')).map(([name, { Value }]) => [
      name,
      flattened(Value),
    ]),
  );

test('the outputs say where to connect and how to get a token', () => {
  expect(outputsOf({})).toEqual({
    WebSocketUrl: 'wss://<WebSocketApi>.execute-api.<AWS::Region>.<AWS::URLSuffix>/ws',
    BaseUrl: 'wss://<WebSocketApi>.execute-api.<AWS::Region>.<AWS::URLSuffix>',
    EdgeBaseUrl: 'wss://<EdgeDistribution>/v1',
    EdgeHttpUrl: 'https://<EdgeDistribution>/v1',
    HttpUrl: 'https://<HttpApi>.execute-api.<AWS::Region>.<AWS::URLSuffix>/v1',
    ConnectionTableName: '<TablesConnectionTable>',
    AgentTableName: '<TablesAgentTable>',
    MessageTableName: '<TablesMessageTable>',
    FailureQueueUrl: '<FailureQueue>',
    RevokeFunctionName: '<FunctionsRevokeFunction>',
    LogGroups:
      '{"default":"<FunctionsDefaultFunctionLog>","http":"<FunctionsHttpFunctionLog>","inbox":"<FunctionsInboxFunctionLog>"}',
    TokenIssuer: 'urn:artcafe:pubsub:artcafe',
    TokenAudience: 'artcafe-pubsub',
    TokenClaims:
      '{"agents":"agents","role":"role","tenant":"tenant_id","agent":"agent_id","channels":"channels"}',
    TokenKeyArn: '<TokenKey>',
    MintToken: 'npx artcafe token --context TestStack --tenant TENANT --agent AGENT',
  });
});

test('with an OIDC issuer the outputs name it, and no key', () => {
  const outputs = outputsOf({ token: { issuer: 'https://login.example.com', audience: 'bus' } });
  expect(outputs).toMatchObject({ TokenIssuer: 'https://login.example.com', TokenAudience: 'bus' });
  expect(outputs).not.toHaveProperty('TokenKeyArn');
  expect(outputs).not.toHaveProperty('MintToken');
});

describe('security checks', () => {
  const webAclArn = 'arn:aws:wafv2:us-east-1:111122223333:global/webacl/mine/1';
  const certificateArn = 'arn:aws:acm:us-east-1:111122223333:certificate/1';

  test.each([
    ['the defaults', {}],
    ['everything turned off', { edge: false, accessLog: 'off', retentionHours: 0 }],
    [
      'everything turned on',
      {
        protection: true,
        edge: { rateLimitPer5Minutes: 100, domainName: 'bus.example.com', certificateArn },
      },
    ],
    ['what others own', { edge: { webAclArn }, accessLog: 'existing-role' }],
    ['an OIDC issuer', { token: { issuer: 'https://login.example.com', audience: 'bus' } }],
  ])('find nothing without a reason in %s', (_case, settings) => {
    const app = createApp();
    addPubSub(app, parseSettings(settings));
    expect(findings(app)).toEqual('');
  });

  test('fail the synth when there is a finding', () => {
    const app = createApp();
    addPubSub(app, parseSettings({}));
    new Bucket(new Stack(app, 'Careless'), 'Open');
    expect(findings(app)).toContain('AwsSolutions-S1');
  });

  /** What a synth complains about: it throws in a process that is a test, and fails the command elsewhere. */
  function findings(app: App): string {
    const said = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    try {
      app.synth();
      return said.mock.calls.flat().join('\n');
    } catch (error) {
      return [...said.mock.calls.flat(), String(error)].join('\n');
    } finally {
      said.mockRestore();
    }
  }
});

test('the whole template is as reviewed', () => {
  const template = JSON.stringify(templateOf().toJSON(), undefined, 2);
  const masked = template.replace(/"[0-9a-f]{64}(\.\w+)?"/g, '"ASSET$1"');
  expect(JSON.parse(masked)).toMatchSnapshot();
});
