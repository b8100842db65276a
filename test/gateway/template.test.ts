/**
 * From the template to the model: intrinsic functions, what is ignored, and what is refused by name.
 * Pure reading; nothing is started.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTemplate } from '../../gateway/template/read-template';
import type { AppModel } from '../../gateway/template/model';
import { accept, type Fixture, removeTemporaryFolders, writeAssembly } from './helpers/assembly';

afterEach(removeTemporaryFolders);

const read = (fixture: Fixture): AppModel => readTemplate(writeAssembly(fixture), undefined);

/** The value as it would arrive in a function's environment. */
const resolved = (value: unknown, sections: Record<string, unknown> = {}): string | undefined =>
  read({ functions: { Connect: { code: accept, environment: { VALUE: value } } }, sections }).functions.get(
    'Test-Connect',
  )?.environment.VALUE;

test.each([
  ['Ref to a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
  ['Ref to a parameter', { Ref: 'Given' }, 'by default'],
  ['Ref to a resource', { Ref: 'Connect' }, 'Test-Connect'],
  [
    'GetAtt',
    { 'Fn::GetAtt': ['Connect', 'Arn'] },
    'arn:aws:lambda:us-east-1:000000000000:function:Test-Connect',
  ],
  [
    'GetAtt as text',
    { 'Fn::GetAtt': 'Connect.Arn' },
    'arn:aws:lambda:us-east-1:000000000000:function:Test-Connect',
  ],
  ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Partition' }, { Ref: 'AWS::NoValue' }, 'b']] }, 'a-aws-b'],
  ['Split and Select', { 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b/c'] }] }, 'b'],
  ['Sub', { 'Fn::Sub': '${AWS::StackName}/${Connect}/${!Literal}' }, 'Test/Test-Connect/${Literal}'],
  [
    'Sub with variables',
    { 'Fn::Sub': ['${One}-${AWS::AccountId}', { One: { Ref: 'AWS::URLSuffix' } }] },
    'amazonaws.com-000000000000',
  ],
  ['If', { 'Fn::If': ['Yes', 'then', { Ref: 'Nobody' }] }, 'then'],
  ['If not', { 'Fn::If': ['No', { Ref: 'Nobody' }, 'else'] }, 'else'],
  ['nested conditions', { 'Fn::If': ['Both', 'then', 'else'] }, 'else'],
  ['FindInMap', { 'Fn::FindInMap': ['Regions', { Ref: 'AWS::Region' }, 'name'] }, 'Virginia'],
  ['Base64', { 'Fn::Base64': 'text' }, 'dGV4dA=='],
  ['a number', 3, '3'],
])('%s', (_, value, expected) => {
  const sections = {
    Parameters: { Given: { Type: 'String', Default: 'by default' } },
    Mappings: { Regions: { 'us-east-1': { name: 'Virginia' } } },
    Conditions: {
      Yes: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] },
      No: { 'Fn::Not': [{ Condition: 'Yes' }] },
      Both: { 'Fn::And': [{ Condition: 'Yes' }, { 'Fn::Or': [{ Condition: 'No' }, { Condition: 'No' }] }] },
    },
  };
  expect(resolved(value, sections)).toBe(expected);
});

test.each([
  [
    { Ref: 'Nobody' },
    'Connect.Environment.Variables.VALUE refers to Nobody, which the gateway cannot resolve.',
  ],
  [
    { 'Fn::GetAtt': ['Connect', 'Colour'] },
    'VALUE refers to Connect.Colour, which the gateway cannot resolve.',
  ],
  [{ 'Fn::ImportValue': 'x' }, 'VALUE uses Fn::ImportValue, which the gateway cannot evaluate.'],
  [{ 'Fn::If': ['Missing', 1, 2] }, 'VALUE needs the condition Missing, which does not exist.'],
  [['a', 'list'], 'VALUE is not text.'],
])('%j in something needed is refused by resource and property', (value, message) => {
  expect(() => resolved(value)).toThrow(message);
});

test('what the gateway does not need may be anything', () => {
  const unreadable = { Ref: 'Nobody' };
  const model = read({
    functions: { Connect: accept },
    resources: {
      Role: { Type: 'AWS::IAM::Role', Properties: { Policy: unreadable } },
      Custom: { Type: 'Custom::Thing', Properties: unreadable },
      Provider: {
        Type: 'AWS::Lambda::Function',
        Properties: { Handler: 'index.handler', Code: { ZipFile: '1' } },
      },
      Off: { Type: 'AWS::ApiGatewayV2::Api', Condition: 'Never', Properties: { ProtocolType: 'WEBSOCKET' } },
      Http: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP' } },
    },
    sections: {
      Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
      Outputs: { Bad: { Value: unreadable }, Url: { Value: { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] } } },
    },
  });
  expect([...model.functions.keys()]).toEqual(['Test-Connect']);
  expect(Object.keys(model.outputs)).toEqual(['Url']);
  expect(model.outputs.Url).toBe(`wss://${model.api.id}.execute-api.us-east-1.amazonaws.com`);
});

test('of several HTTP APIs, the one of the WebSocket API’s construct runs; where two are as near, none is chosen', () => {
  const api = { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP' } };
  const stageOf = (id: string) => ({
    Type: 'AWS::ApiGatewayV2::Stage',
    Properties: { ApiId: { Ref: id }, StageName: '$default' },
  });
  const http = (...ids: readonly string[]) => {
    const resources: Record<string, object> = {};
    for (const id of ids) Object.assign(resources, { [id]: api, [`${id}Stage`]: stageOf(id) });
    return resources;
  };
  const idOf = (...ids: readonly string[]) =>
    read({ functions: { Connect: accept }, resources: http(...ids) }).httpApi?.id;
  // The WebSocket API of these fixtures is "Api".
  expect(idOf('Other', 'ApiHttp')).toBe(idOf('ApiHttp'));
  expect(idOf('Other', 'ApiHttp')).not.toBe(idOf('Other'));
  expect(() => idOf('Other', 'Else')).toThrow('has 2 HTTP APIs.');
});

test('physical names and ids depend on the stack and the logical id only', () => {
  const fixture = {
    functions: { Connect: accept },
    resources: {
      Key: { Type: 'AWS::KMS::Key', Properties: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } },
    },
  };
  const [one, two] = [read(fixture), read(fixture)];
  expect(one.api.id).toMatch(/^[a-z0-9]{10}$/);
  expect(one.api.id).toBe(two.api.id);
  expect(one.signingKeys).toEqual(two.signingKeys);
  expect(one.signingKeys[0]?.arn).toMatch(
    /^arn:aws:kms:us-east-1:000000000000:key\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  );
});

test('an asset is found by its upload when the template does not name it', () => {
  const folder = writeAssembly({
    functions: { Connect: accept },
    resources: {
      Worker: {
        Type: 'AWS::Lambda::Function',
        Properties: { Handler: 'index.handler', Code: { S3Key: 'hash.zip' } },
      },
    },
  });
  const files = {
    hash: { source: { path: 'asset.Connect' }, destinations: { here: { objectKey: 'hash.zip' } } },
  };
  writeFileSync(join(folder, 'Test.assets.json'), JSON.stringify({ files }));
  const model = readTemplate(folder, 'Test');
  expect(model.functions.get('Test-Worker')).toMatchObject({
    directory: join(folder, 'asset.Connect'),
    module: 'index',
    exportName: 'handler',
    timeoutMs: 3_000,
    memoryMb: 128,
    retries: 2,
  });
});

test('a missing asset of a route is refused with its path', () => {
  const folder = writeAssembly({ functions: { Connect: accept } });
  rmSync(join(folder, 'asset.Connect'), { recursive: true });
  expect(() => readTemplate(folder, undefined)).toThrow(
    `Connect.Code is missing: ${join(folder, 'asset.Connect')}`,
  );
});

const another = {
  Type: 'AWS::ApiGatewayV2::Api',
  Properties: { ProtocolType: 'WEBSOCKET', RouteSelectionExpression: 'x' },
};
const bareRoute = (more: object): object => ({
  Type: 'AWS::ApiGatewayV2::Route',
  Properties: { ApiId: { Ref: 'Api' }, RouteKey: 'x', ...more },
});

test.each([
  ['two APIs', { Second: another }, 'Test has 2 WebSocket APIs.'],
  ['no stage', { Stage: { Type: 'Custom::None' } }, 'Api has no stage.'],
  ['an API key', { R: bareRoute({ ApiKeyRequired: true }) }, 'R.ApiKeyRequired requires an API key'],
  [
    'IAM',
    { R: bareRoute({ AuthorizationType: 'AWS_IAM' }) },
    'R.AuthorizationType is neither NONE nor CUSTOM',
  ],
  [
    'a lost target',
    { R: bareRoute({ Target: 'integrations/x' }) },
    'R.Target names no integration of the API',
  ],
  [
    'another integration type',
    {
      I: {
        Type: 'AWS::ApiGatewayV2::Integration',
        Properties: { ApiId: { Ref: 'Api' }, IntegrationType: 'MOCK' },
      },
      R: bareRoute({ Target: { 'Fn::Sub': 'integrations/${I}' } }),
    },
    'I.IntegrationType is not AWS_PROXY',
  ],
])('a template with %s is refused', (_, resources, message) => {
  expect(() => read({ resources })).toThrow(message);
});
