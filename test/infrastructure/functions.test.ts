/** What each function is told and may do: its own variables and its own calls, nothing else. */
import { variables } from '../../lambda/contract';
import {
  flattened,
  functionNames,
  grantsOf,
  lambda,
  onlyResource,
  resources,
  templateOf,
  variablesOf,
  type Statement,
} from './synthesized';

const template = templateOf();
const connections = (method: string) =>
  `execute-api:ManageConnections on arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<WebSocketApi>/ws/${method}/@connections/*`;

test.each(functionNames)('%s runs on arm64 with 512 MB and logs into a group of its own', (name) => {
  const { Properties } = lambda(template, name);
  expect(Properties).toMatchObject({
    Runtime: 'nodejs24.x',
    Architectures: ['arm64'],
    MemorySize: 512,
    Handler: 'index.handler',
    LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN' },
  });
  const group = resources(template, 'AWS::Logs::LogGroup')[Properties.LoggingConfig.LogGroup.Ref as string];
  expect(group?.Properties.RetentionInDays).toBe(30);
});

test('no two functions share a log group or a role', () => {
  const functions = functionNames.map((name) => lambda(template, name).Properties);
  expect(new Set(functions.map(({ LoggingConfig }) => LoggingConfig.LogGroup.Ref as string)).size).toBe(
    functionNames.length,
  );
  expect(new Set(functions.map(({ Role }) => flattened(Role))).size).toBe(functionNames.length);
});

test('the limit of the authorizer is three seconds', () => {
  expect(lambda(template, 'authorizer').Properties.Timeout).toBe(3);
});

test('what is started and not awaited is not repeated by the platform, and its event is kept in an encrypted queue', () => {
  const configurations = Object.values(resources(template, 'AWS::Lambda::EventInvokeConfig'));
  const ages = configurations.map(({ Properties }) => {
    expect(Properties.MaximumRetryAttempts).toBe(0);
    expect(flattened(Properties.DestinationConfig.OnFailure.Destination)).toBe('<FailureQueue>');
    return [flattened(Properties.FunctionName), Properties.MaximumEventAgeInSeconds as number];
  });
  expect(Object.fromEntries(ages)).toEqual({
    // What comes after a minute, receivers of level 1 have read from the log.
    '<FunctionsFanOutFunction>': 60,
    '<FunctionsInboxFunction>': 900,
    '<FunctionsPresenceFunction>': 300,
    '<FunctionsSweepFunction>': 60,
  });
  expect(onlyResource(template, 'AWS::SQS::Queue').Properties).toMatchObject({
    SqsManagedSseEnabled: true,
    MessageRetentionPeriod: 14 * 86_400,
  });
  const { Statement: statements } = onlyResource(template, 'AWS::SQS::QueuePolicy').Properties.PolicyDocument;
  expect(statements).toMatchObject([
    { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
  ]);
});

test('the sweep runs every five minutes, which is longer than it may take', () => {
  const { Properties } = onlyResource(template, 'AWS::Events::Rule');
  expect(Properties).toMatchObject({ ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' });
  expect(Properties.Targets as unknown[]).toHaveLength(1);
  const [target] = Properties.Targets as { Arn: unknown; RetryPolicy: unknown }[];
  expect(flattened(target!.Arn)).toBe('<FunctionsSweepFunction>');
  expect(target!.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 });
  expect(lambda(template, 'sweep').Properties.Timeout).toBe(120);
});

describe('variables', () => {
  const names = (name: (typeof functionNames)[number]) => Object.keys(variablesOf(template, name)).sort();

  test('authorizer', () => {
    expect(names('authorizer')).toEqual([
      variables.agentClaim,
      variables.channelsClaim,
      variables.defaultGrants,
      variables.tenantClaim,
      variables.tokenAudience,
      variables.tokenIssuer,
      variables.tokenKeyArn,
    ]);
    expect(variablesOf(template, 'authorizer')).toMatchObject({
      TOKEN_ISSUER: 'urn:artcafe:pubsub:artcafe',
      TOKEN_AUDIENCE: 'artcafe-pubsub',
      TENANT_CLAIM: 'tenant_id',
      AGENT_CLAIM: 'agent_id',
      CHANNELS_CLAIM: 'channels',
      DEFAULT_GRANTS: 'all',
    });
  });

  test('connect', () => {
    expect(names('connect')).toEqual([
      variables.agentTable,
      variables.callbackUrl,
      variables.connectionLimit,
      variables.connectionTable,
      variables.inboxFunction,
      variables.presenceFunction,
      variables.presenceGraceSeconds,
      variables.sender,
    ]);
    expect(flattened(variablesOf(template, 'connect').INBOX_FUNCTION)).toBe('<FunctionsInboxFunction>');
    expect(variablesOf(template, 'connect').CONNECTION_LIMIT).toBe('100');
  });

  test('default', () => {
    expect(names('default')).toEqual([
      variables.agentBurst,
      variables.agentRate,
      variables.agentTable,
      variables.callbackUrl,
      variables.connectionTable,
      variables.fanOutFunction,
      variables.messageTable,
      variables.ownReceivers,
      variables.presenceFunction,
      variables.presenceGraceSeconds,
      variables.retentionSeconds,
      variables.sender,
      variables.tenantBurst,
      variables.tenantRate,
    ]);
    expect(variablesOf(template, 'default').SENDER).toBe('lean');
    expect(variablesOf(template, 'default').RETENTION_SECONDS).toBe('86400');
    expect(variablesOf(template, 'default')).toMatchObject({
      AGENT_RATE: '50',
      AGENT_BURST: '100',
      TENANT_RATE: '1000',
      TENANT_BURST: '2000',
    });
  });

  test('disconnect', () => {
    expect(names('disconnect')).toEqual([
      variables.agentTable,
      variables.connectionTable,
      variables.presenceFunction,
      variables.presenceGraceSeconds,
    ]);
    expect(flattened(variablesOf(template, 'disconnect').PRESENCE_FUNCTION)).toBe(
      '<FunctionsPresenceFunction>',
    );
  });

  test('inbox', () => {
    expect(names('inbox')).toEqual([
      variables.agentTable,
      variables.callbackUrl,
      variables.messageTable,
      variables.sender,
    ]);
  });

  test('fan-out', () => {
    expect(names('fan-out')).toEqual([
      variables.agentTable,
      variables.callbackUrl,
      variables.connectionTable,
      variables.presenceFunction,
      variables.presenceGraceSeconds,
      variables.sender,
    ]);
  });

  test('presence', () => {
    expect(names('presence')).toEqual([
      variables.agentTable,
      variables.callbackUrl,
      variables.connectionTable,
      variables.presenceGraceSeconds,
      variables.sender,
    ]);
  });

  test('sweep', () => {
    expect(names('sweep')).toEqual([
      variables.agentTable,
      variables.callbackUrl,
      variables.connectionTable,
      variables.presenceFunction,
      variables.presenceGraceSeconds,
      variables.sender,
    ]);
  });

  test('the callback URL is the stage itself, never the edge', () => {
    expect(flattened(variablesOf(template, 'default').CALLBACK_URL)).toBe(
      'https://<WebSocketApi>.execute-api.<AWS::Region>.<AWS::URLSuffix>/ws',
    );
  });

  test('settings reach the functions', () => {
    const changed = templateOf({
      deployment: 'blue',
      claims: { tenant: 'org', agent: 'sub', channels: 'scope' },
      defaultGrants: 'none',
      connectionLimit: 3,
      retentionHours: 0,
      ownReceivers: 7,
      messageRate: { agentPerSecond: 0, tenantBurst: 7 },
      sender: 'sdk',
      presenceGraceSeconds: 5,
    });
    expect(variablesOf(changed, 'authorizer')).toMatchObject({
      TOKEN_ISSUER: 'urn:artcafe:pubsub:blue',
      TENANT_CLAIM: 'org',
      AGENT_CLAIM: 'sub',
      CHANNELS_CLAIM: 'scope',
      DEFAULT_GRANTS: 'none',
    });
    expect(variablesOf(changed, 'connect').CONNECTION_LIMIT).toBe('3');
    expect(variablesOf(changed, 'connect').SENDER).toBe('sdk');
    for (const name of ['connect', 'default', 'disconnect', 'presence', 'sweep'] as const)
      expect(variablesOf(changed, name).PRESENCE_GRACE_SECONDS).toBe('5');
    expect(variablesOf(changed, 'default')).toMatchObject({
      RETENTION_SECONDS: '0',
      OWN_RECEIVERS: '7',
      SENDER: 'sdk',
      AGENT_RATE: '0',
      TENANT_BURST: '7',
    });
  });
});

describe('grants', () => {
  const on = (table: string, ...operations: string[]) =>
    operations.map((operation) => `dynamodb:${operation} on <Tables${table}>`);

  test('authorizer: the public half of the key', () => {
    expect(grantsOf(template, 'authorizer')).toEqual(['kms:GetPublicKey on <TokenKey>']);
  });

  test('connect', () => {
    expect(grantsOf(template, 'connect')).toEqual(
      [
        ...on('ConnectionTable', 'BatchGetItem', 'DeleteItem', 'PutItem', 'Query'),
        ...on('AgentTable', 'GetItem', 'UpdateItem'),
        connections('GET'),
        'lambda:InvokeFunction on <FunctionsInboxFunction>',
        'lambda:InvokeFunction on <FunctionsPresenceFunction>',
      ].sort(),
    );
  });

  test('inbox', () => {
    expect(grantsOf(template, 'inbox')).toEqual(
      [
        ...on('AgentTable', 'GetItem', 'UpdateItem'),
        ...on('MessageTable', 'Query'),
        connections('GET'),
        connections('POST'),
        'lambda:InvokeFunction on <FunctionsInboxFunction>',
        'sqs:SendMessage on <FailureQueue>',
      ].sort(),
    );
  });

  test('default', () => {
    expect(grantsOf(template, 'default')).toEqual(
      [
        ...on('ConnectionTable', 'BatchGetItem', 'DeleteItem', 'PutItem', 'Query', 'UpdateItem'),
        ...on('AgentTable', 'GetItem', 'Query', 'UpdateItem'),
        ...on('MessageTable', 'GetItem', 'PutItem', 'Query', 'UpdateItem'),
        connections('GET'),
        connections('POST'),
        'lambda:InvokeFunction on <FunctionsFanOutFunction>',
        'lambda:InvokeFunction on <FunctionsPresenceFunction>',
      ].sort(),
    );
  });

  test('fan-out', () => {
    expect(grantsOf(template, 'fan-out')).toEqual(
      [
        ...on('ConnectionTable', 'BatchGetItem', 'DeleteItem', 'Query'),
        ...on('AgentTable', 'GetItem', 'UpdateItem'),
        connections('GET'),
        connections('POST'),
        'lambda:InvokeFunction on <FunctionsPresenceFunction>',
        'sqs:SendMessage on <FailureQueue>',
      ].sort(),
    );
  });

  test('disconnect', () => {
    expect(grantsOf(template, 'disconnect')).toEqual(
      [
        ...on('ConnectionTable', 'BatchGetItem', 'DeleteItem', 'Query'),
        ...on('AgentTable', 'GetItem', 'UpdateItem'),
        'lambda:InvokeFunction on <FunctionsPresenceFunction>',
      ].sort(),
    );
  });

  test('presence', () => {
    expect(grantsOf(template, 'presence')).toEqual(
      [
        ...on('ConnectionTable', 'BatchGetItem', 'DeleteItem', 'Query'),
        ...on('AgentTable', 'GetItem', 'UpdateItem'),
        connections('GET'),
        connections('POST'),
        'lambda:InvokeFunction on <FunctionsPresenceFunction>',
        'sqs:SendMessage on <FailureQueue>',
      ].sort(),
    );
  });

  test('sweep', () => {
    expect(grantsOf(template, 'sweep')).toEqual(
      [
        ...on(
          'ConnectionTable',
          ...['BatchGetItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'Scan', 'UpdateItem'],
        ),
        ...on('AgentTable', 'GetItem', 'Scan', 'UpdateItem'),
        connections('DELETE'),
        connections('GET'),
        connections('POST'),
        'lambda:InvokeFunction on <FunctionsPresenceFunction>',
        'sqs:SendMessage on <FailureQueue>',
      ].sort(),
    );
  });

  test('no action anywhere has a wildcard, and no function has a managed policy', () => {
    const statements = Object.values(resources(template, 'AWS::IAM::Policy')).flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement as Statement[],
    );
    expect(statements.length).toBeGreaterThan(0);
    for (const { Action, Resource } of statements) {
      expect(JSON.stringify(Action)).not.toContain('*');
      expect(Resource).not.toBe('*');
    }
    const managed = Object.values(resources(template, 'AWS::IAM::Role')).filter(
      ({ Properties }) => Properties.ManagedPolicyArns !== undefined,
    );
    expect(managed).toHaveLength(1);
    expect(JSON.stringify(managed)).toContain('AmazonAPIGatewayPushToCloudWatchLogs');
  });
});
