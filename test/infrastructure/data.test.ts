/** Tables, token key and what is left when a deployment is removed. */
import { agentTable, connectionTable, messageTable } from '../../lambda/contract';
import {
  flattened,
  grantsOf,
  onlyResource,
  type Properties,
  resources,
  templateOf,
  variablesOf,
} from './synthesized';

const template = templateOf();
const production = templateOf({ protection: true });

test.each([
  ['ConnectionTable', connectionTable, 'S'],
  ['AgentTable', agentTable, 'S'],
  ['MessageTable', messageTable, 'N'],
])('%s has the keys that the functions use, expiry and no fixed capacity', (name, keys, sortType) => {
  const [, table] = Object.entries(resources(template, 'AWS::DynamoDB::Table')).find(([id]) =>
    id.includes(name),
  )!;
  expect(table.Properties).toMatchObject({
    KeySchema: [
      { AttributeName: keys.partitionKey, KeyType: 'HASH' },
      { AttributeName: keys.sortKey, KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: keys.partitionKey, AttributeType: 'S' },
      { AttributeName: keys.sortKey, AttributeType: sortType },
    ],
    TimeToLiveSpecification: { AttributeName: keys.ttl, Enabled: true },
    BillingMode: 'PAY_PER_REQUEST',
  });
  expect(table.Properties).not.toHaveProperty('TableName');
});

test('the built-in key signs with ECDSA P-256 and has an alias per deployment', () => {
  expect(onlyResource(template, 'AWS::KMS::Key').Properties).toMatchObject({
    KeySpec: 'ECC_NIST_P256',
    KeyUsage: 'SIGN_VERIFY',
    PendingWindowInDays: 7,
  });
  expect(onlyResource(templateOf({ deployment: 'blue' }), 'AWS::KMS::Alias').Properties.AliasName).toBe(
    'alias/artcafe-pubsub/blue/token',
  );
});

test('a rotation adds a key and keeps the one before it, without replacing it', () => {
  const names = (tokenKey: number): string[] =>
    Object.values(resources(templateOf({ tokenKey }), 'AWS::KMS::Alias'))
      .map(({ Properties }) => `${flattened(Properties.TargetKeyId)} ${String(Properties.AliasName)}`)
      .sort();
  const alias = 'alias/artcafe-pubsub/artcafe/token';
  expect(names(1)).toEqual([`<TokenKey> ${alias}`]);
  expect(names(2)).toEqual([`<TokenKey2Key> ${alias}-2`, `<TokenKey> ${alias}`]);
  expect(names(3)).toEqual([`<TokenKey2Key> ${alias}-2`, `<TokenKey3Key> ${alias}-3`]);
  const rotated = templateOf({ tokenKey: 2 });
  expect(flattened(variablesOf(rotated, 'authorizer').TOKEN_KEY_ARNS)).toBe('<TokenKey2Key> <TokenKey>');
  expect(grantsOf(rotated, 'authorizer')).toEqual([
    'kms:GetPublicKey on <TokenKey2Key>',
    'kms:GetPublicKey on <TokenKey>',
  ]);
  expect(flattened(rotated.findOutputs('TokenKeyArn').TokenKeyArn?.Value)).toBe('<TokenKey2Key>');
});

test('with a signer no other role may sign, whatever the policies of the account allow', () => {
  const tokenSigner = 'arn:aws:iam::111122223333:role/minter';
  const statements = (settings: Record<string, unknown>) =>
    onlyResource(templateOf(settings), 'AWS::KMS::Key').Properties.KeyPolicy.Statement as Properties[];
  expect(statements({}).filter(({ Effect }) => Effect === 'Deny')).toEqual([]);
  expect(statements({ tokenSigner }).filter(({ Effect }) => Effect === 'Deny')).toEqual([
    {
      Sid: 'OnlyTheSignerSigns',
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 'kms:Sign',
      Resource: '*',
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': tokenSigner } },
    },
  ]);
});

test('an OIDC issuer replaces the key', () => {
  const oidc = templateOf({ token: { issuer: 'https://login.example.com/', audience: 'bus' } });
  oidc.resourceCountIs('AWS::KMS::Key', 0);
  oidc.resourceCountIs('AWS::KMS::Alias', 0);
  expect(variablesOf(oidc, 'authorizer')).toMatchObject({
    TOKEN_ISSUER: 'https://login.example.com/',
    TOKEN_AUDIENCE: 'bus',
  });
  expect(variablesOf(oidc, 'authorizer')).not.toHaveProperty('TOKEN_KEY_ARNS');
  expect(variablesOf(oidc, 'authorizer')).not.toHaveProperty('TOKEN_CHECKS');
  expect(grantsOf(oidc, 'authorizer')).toEqual([]);
  expect(Object.keys(oidc.findOutputs('*'))).not.toContain('TokenKeyArn');
});

test('an audience that is not checked is said to the authorizer, and not an output', () => {
  const token = { issuer: 'https://login.example.com/', audience: null, clientId: 'app' };
  const cognito = templateOf({ token });
  expect(variablesOf(cognito, 'authorizer')).toMatchObject({
    TOKEN_CHECKS: JSON.stringify({ audience: null, clientId: 'app' }),
  });
  expect(variablesOf(cognito, 'authorizer')).not.toHaveProperty('TOKEN_AUDIENCE');
  expect(Object.keys(cognito.findOutputs('*'))).not.toContain('TokenAudience');
});

const dataTypes = ['AWS::DynamoDB::Table', 'AWS::KMS::Key', 'AWS::Logs::LogGroup', 'AWS::SQS::Queue'];

test('by default a removed deployment leaves nothing behind but the log role of the account', () => {
  const kept = Object.entries(
    template.toJSON().Resources as Record<string, { Type: string; DeletionPolicy?: string }>,
  )
    .filter(([, { DeletionPolicy }]) => DeletionPolicy?.startsWith('Retain'))
    .map(([, { Type }]) => Type);
  expect(kept.sort()).toEqual(['AWS::ApiGateway::Account', 'AWS::IAM::Role']);
});

test('protection keeps data except after a failed first deployment, forbids deletion, encrypts with a key of the account and can go back in time', () => {
  for (const type of dataTypes) {
    for (const { DeletionPolicy } of Object.values(resources(production, type)))
      expect(DeletionPolicy).toBe('RetainExceptOnCreate');
  }
  for (const { Properties } of Object.values(resources(production, 'AWS::DynamoDB::Table'))) {
    expect(Properties).toMatchObject({
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true },
    });
  }
});

test('removalPolicy keeps data without the rest of the protection', () => {
  const retained = templateOf({ removalPolicy: 'retain' });
  for (const type of dataTypes) {
    for (const { DeletionPolicy } of Object.values(resources(retained, type)))
      expect(DeletionPolicy).toBe('RetainExceptOnCreate');
  }
  for (const { Properties } of Object.values(resources(retained, 'AWS::DynamoDB::Table'))) {
    expect(Properties.DeletionProtectionEnabled).toBe(false);
  }
});

test('every log group ends, after as many days as the settings say', () => {
  for (const { Properties } of Object.values(
    resources(templateOf({ logRetentionDays: 7, auditRetentionDays: 7 }), 'AWS::Logs::LogGroup'),
  )) {
    expect(Properties.RetentionInDays).toBe(7);
  }
});
