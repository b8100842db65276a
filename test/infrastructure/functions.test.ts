/** Timeout, variables and permissions of each function, and nothing else. */
import { variables } from '../../lambda/contract';
import { functionNames, type FunctionName } from '../../lib/functions/function-row';
import {
  flattened,
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
const on = (table: string, ...operations: string[]) =>
  operations.map((operation) => `dynamodb:${operation} on <Tables${table}>`);

interface Expected {
  /** Seconds. */
  readonly timeout: number;
  readonly environment: readonly (keyof typeof variables)[];
  readonly grants: readonly string[];
  /** Seconds that an asynchronous event may wait; absent = the function is not invoked asynchronously. */
  readonly eventAge?: number;
}

const expected: Readonly<Record<FunctionName, Expected>> = {
  audit: { timeout: 30, environment: [], grants: [] },
  authorizer: {
    timeout: 3,
    environment: [
      'agentClaim',
      'channelsClaim',
      'agentsClaim',
      'roleClaim',
      'defaultGrants',
      'maxTokenDays',
      'tenantClaim',
      'tokenAudience',
      'tokenIssuer',
      'tokenKeyArns',
    ],
    grants: ['kms:GetPublicKey on <TokenKey>'],
  },
  connect: {
    timeout: 4,
    environment: [
      'agentTable',
      'callbackUrl',
      'connectionLimit',
      'connectionTable',
      'inboxFunction',
      'presenceFunction',
      'presenceGraceSeconds',
      'sender',
      'tenantQuotas',
    ],
    grants: [
      ...on('ConnectionTable', 'BatchGetItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query'),
      ...on('AgentTable', 'GetItem', 'UpdateItem'),
      connections('GET'),
      'lambda:InvokeFunction on <FunctionsInboxFunction>',
      'lambda:InvokeFunction on <FunctionsPresenceFunction>',
    ],
  },
  revoke: {
    timeout: 120,
    environment: [
      'agentTable',
      'callbackUrl',
      'connectionTable',
      'failureQueueUrl',
      'keptDays',
      'maxTokenDays',
      'messageTable',
      'presenceFunction',
      'presenceGraceSeconds',
      'retentionSeconds',
      'sender',
    ],
    grants: [
      ...on('ConnectionTable', 'BatchGetItem', 'DeleteItem', 'PutItem', 'Query'),
      ...on('AgentTable', 'DeleteItem', 'GetItem', 'Query', 'UpdateItem'),
      ...on('MessageTable', 'Query', 'UpdateItem'),
      connections('POST'),
      connections('DELETE'),
      'lambda:InvokeFunction on <FunctionsPresenceFunction>',
      'lambda:InvokeFunction on <FunctionsRevokeFunction>',
      ...[
        'ChangeMessageVisibility',
        'DeleteMessage',
        'GetQueueAttributes',
        'ReceiveMessage',
        'SendMessage',
      ].map((operation) => `sqs:${operation} on <FailureQueue>`),
    ],
    eventAge: 900,
  },
  default: {
    timeout: 5,
    environment: [
      'agentBurst',
      'agentRate',
      'agentTable',
      'agentWorkBurst',
      'agentWorkRate',
      'callbackUrl',
      'connectionTable',
      'fanOutFunction',
      'messageTable',
      'ownReceivers',
      'presenceFunction',
      'presenceGraceSeconds',
      'retentionSeconds',
      'sender',
      'tenantBurst',
      'tenantQuotas',
      'tenantRate',
      'tenantWorkBurst',
      'tenantWorkRate',
    ],
    grants: [
      ...on('ConnectionTable', 'BatchGetItem', 'DeleteItem', 'PutItem', 'Query', 'UpdateItem'),
      ...on('AgentTable', 'GetItem', 'Query', 'UpdateItem'),
      ...on('MessageTable', 'GetItem', 'PutItem', 'Query', 'UpdateItem'),
      connections('DELETE'),
      connections('GET'),
      connections('POST'),
      'lambda:InvokeFunction on <FunctionsFanOutFunction>',
      'lambda:InvokeFunction on <FunctionsPresenceFunction>',
    ],
  },
  http: {
    timeout: 5,
    environment: [
      'agentBurst',
      'agentClaim',
      'agentRate',
      'agentTable',
      'agentsClaim',
      'callbackUrl',
      'channelsClaim',
      'connectionTable',
      'defaultGrants',
      'fanOutFunction',
      'maxTokenDays',
      'messageTable',
      'presenceFunction',
      'presenceGraceSeconds',
      'retentionSeconds',
      'revokeFunction',
      'roleClaim',
      'sender',
      'tenantBurst',
      'tenantClaim',
      'tenantQuotas',
      'tenantRate',
      'agentWorkRate',
      'agentWorkBurst',
      'tenantWorkRate',
      'tenantWorkBurst',
      'tokenAudience',
      'tokenIssuer',
      'tokenKeyArns',
    ],
    grants: [
      'kms:GetPublicKey on <TokenKey>',
      ...on('ConnectionTable', 'BatchGetItem', 'DeleteItem', 'PutItem', 'Query', 'UpdateItem'),
      ...on('AgentTable', 'GetItem', 'Query', 'UpdateItem'),
      ...on('MessageTable', 'GetItem', 'PutItem', 'Query', 'UpdateItem'),
      connections('GET'),
      connections('POST'),
      'lambda:InvokeFunction on <FunctionsFanOutFunction>',
      'lambda:InvokeFunction on <FunctionsPresenceFunction>',
      'lambda:InvokeFunction on <FunctionsRevokeFunction>',
    ],
  },
  disconnect: {
    timeout: 10,
    environment: ['agentTable', 'connectionTable', 'presenceFunction', 'presenceGraceSeconds'],
    grants: [
      ...on('ConnectionTable', 'BatchGetItem', 'DeleteItem', 'Query'),
      ...on('AgentTable', 'GetItem', 'UpdateItem'),
      'lambda:InvokeFunction on <FunctionsPresenceFunction>',
    ],
  },
  inbox: {
    timeout: 60,
    environment: ['agentTable', 'callbackUrl', 'messageTable', 'sender'],
    grants: [
      ...on('AgentTable', 'GetItem', 'UpdateItem'),
      ...on('MessageTable', 'Query'),
      connections('GET'),
      connections('POST'),
      'lambda:InvokeFunction on <FunctionsInboxFunction>',
      'sqs:SendMessage on <FailureQueue>',
    ],
    eventAge: 900,
  },
  fanOut: {
    timeout: 60,
    environment: [
      'agentTable',
      'callbackUrl',
      'connectionTable',
      'presenceFunction',
      'presenceGraceSeconds',
      'sender',
    ],
    grants: [
      ...on('ConnectionTable', 'BatchGetItem', 'DeleteItem', 'Query'),
      ...on('AgentTable', 'GetItem', 'UpdateItem'),
      connections('GET'),
      connections('POST'),
      'lambda:InvokeFunction on <FunctionsPresenceFunction>',
    ],
    eventAge: 60,
  },
  presence: {
    timeout: 60,
    environment: [
      'agentTable',
      'agentWorkBurst',
      'agentWorkRate',
      'callbackUrl',
      'connectionTable',
      'presenceGraceSeconds',
      'sender',
      'tenantWorkBurst',
      'tenantWorkRate',
    ],
    grants: [
      ...on('ConnectionTable', 'BatchGetItem', 'DeleteItem', 'Query', 'UpdateItem'),
      ...on('AgentTable', 'GetItem', 'UpdateItem'),
      connections('GET'),
      connections('POST'),
      'lambda:InvokeFunction on <FunctionsPresenceFunction>',
    ],
    eventAge: 300,
  },
  sweep: {
    timeout: 120,
    environment: [
      'agentTable',
      'callbackUrl',
      'connectionTable',
      'presenceFunction',
      'presenceGraceSeconds',
      'sender',
      'tenantQuotas',
    ],
    grants: [
      ...on('ConnectionTable', ...['BatchGetItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'Scan']),
      ...on('AgentTable', 'GetItem', 'Scan', 'UpdateItem'),
      connections('DELETE'),
      connections('GET'),
      connections('POST'),
      'lambda:InvokeFunction on <FunctionsPresenceFunction>',
      'sqs:SendMessage on <FailureQueue>',
    ],
    eventAge: 60,
  },
};

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
  // The log of the audit function is the audit log.
  expect(group?.Properties.RetentionInDays).toBe(name === 'audit' ? 365 : 30);
});

test('no two functions share a log group or a role', () => {
  const functions = functionNames.map((name) => lambda(template, name).Properties);
  expect(new Set(functions.map(({ LoggingConfig }) => LoggingConfig.LogGroup.Ref as string)).size).toBe(
    functionNames.length,
  );
  expect(new Set(functions.map(({ Role }) => flattened(Role))).size).toBe(functionNames.length);
});

test.each(functionNames)('%s has its own timeout, variables and permissions, and no others', (name) => {
  const { timeout, environment, grants } = expected[name];
  expect(lambda(template, name).Properties.Timeout).toBe(timeout);
  expect(Object.keys(variablesOf(template, name)).sort()).toEqual(
    environment.map((each) => variables[each]).sort(),
  );
  expect(grantsOf(template, name)).toEqual([...grants].sort());
});

test.each([
  [0, 3_600],
  [1, 3_600],
  [48, 172_800],
  // SQS keeps nothing longer.
  [8_760, 1_209_600],
])('with a log of %i hours the failure queue keeps events for %i seconds', (retentionHours, seconds) => {
  const { Properties } = onlyResource(templateOf({ retentionHours }), 'AWS::SQS::Queue');
  expect(Properties.MessageRetentionPeriod).toBe(seconds);
});

/** Their events hold texts of messages, or status and capabilities. */
const withContent = ['<FunctionsFanOutFunction>', '<FunctionsPresenceFunction>'];

test('a failed asynchronous invocation is not retried, and its event goes to an encrypted queue unless it has content', () => {
  const configurations = Object.values(resources(template, 'AWS::Lambda::EventInvokeConfig'));
  const ages = configurations.map(({ Properties }) => {
    expect(Properties.MaximumRetryAttempts).toBe(0);
    const destination: unknown = Properties.DestinationConfig?.OnFailure.Destination;
    expect(destination && flattened(destination)).toBe(
      withContent.includes(flattened(Properties.FunctionName)) ? undefined : '<FailureQueue>',
    );
    return [flattened(Properties.FunctionName), Properties.MaximumEventAgeInSeconds as number];
  });
  const expectedAges = functionNames.flatMap((name) => {
    const { eventAge } = expected[name];
    const logicalId = `<Functions${name.charAt(0).toUpperCase()}${name.slice(1)}Function>`;
    return eventAge === undefined ? [] : [[logicalId, eventAge]];
  });
  expect(Object.fromEntries(ages)).toEqual(Object.fromEntries(expectedAges));
  expect(onlyResource(template, 'AWS::SQS::Queue').Properties).toMatchObject({
    SqsManagedSseEnabled: true,
    // As long as the log.
    MessageRetentionPeriod: 86_400,
  });
  const { Statement: statements } = onlyResource(template, 'AWS::SQS::QueuePolicy').Properties.PolicyDocument;
  expect(statements).toMatchObject([
    { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
  ]);
});

test('the sweep runs every five minutes, which is longer than its timeout', () => {
  const { Properties } = onlyResource(template, 'AWS::Events::Rule');
  expect(Properties).toMatchObject({ ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' });
  expect(Properties.Targets as unknown[]).toHaveLength(1);
  const [target] = Properties.Targets as { Arn: unknown; RetryPolicy: unknown }[];
  expect(flattened(target!.Arn)).toBe('<FunctionsSweepFunction>');
  expect(target!.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 });
});

describe('variables', () => {
  test('the defaults of the settings', () => {
    expect(variablesOf(template, 'authorizer')).toMatchObject({
      TOKEN_ISSUER: 'urn:artcafe:pubsub:artcafe',
      TOKEN_AUDIENCE: 'artcafe-pubsub',
      TENANT_CLAIM: 'tenant_id',
      AGENT_CLAIM: 'agent_id',
      CHANNELS_CLAIM: 'channels',
      DEFAULT_GRANTS: 'all',
    });
    expect(variablesOf(template, 'connect').CONNECTION_LIMIT).toBe('100');
    expect(variablesOf(template, 'default')).toMatchObject({
      SENDER: 'lean',
      RETENTION_SECONDS: '86400',
      AGENT_RATE: '50',
      AGENT_BURST: '100',
      TENANT_RATE: '1000',
      TENANT_BURST: '2000',
    });
  });

  test('functions are named to those that invoke them', () => {
    expect(flattened(variablesOf(template, 'connect').INBOX_FUNCTION)).toBe('<FunctionsInboxFunction>');
    expect(flattened(variablesOf(template, 'default').FAN_OUT_FUNCTION)).toBe('<FunctionsFanOutFunction>');
    for (const name of ['connect', 'default', 'disconnect', 'fanOut', 'sweep'] as const)
      expect(flattened(variablesOf(template, name).PRESENCE_FUNCTION)).toBe('<FunctionsPresenceFunction>');
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
      AGENT_WORK_RATE: '0',
      TENANT_WORK_RATE: '8000',
    });
  });
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
