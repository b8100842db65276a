/** The construct in a stack of somebody else, and our own stack as its first user. */
import { CfnResource, Stack, TagManager } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ArtCafePubSub } from '../../lib/pubsub';
import { PubSubStack } from '../../lib/pubsub-stack';
import { parseSettings } from '../../lib/settings/config';
import { createApp, resources, templateOf, variablesOf } from './synthesized';

/** Other ids would replace the tables and the key of every deployed stack. */
test('tables, key and queue keep the logical ids of the first release', () => {
  const template = templateOf();
  const ids = ['AWS::DynamoDB::Table', 'AWS::KMS::Key', 'AWS::SQS::Queue'].flatMap((type) =>
    Object.keys(resources(template, type)),
  );
  expect(ids).toEqual(
    expect.arrayContaining([
      'TablesConnectionTable9049625A',
      'TablesAgentTable40AE46D5',
      'TablesMessageTableFF7F5D72',
      'TokenKey812BBFC4',
      'FailureQueue302AF775',
    ]),
  );
});

describe('two in one stack', () => {
  const stack = new Stack(createApp(), 'Fleet');
  const first = new ArtCafePubSub(stack, 'Bus');
  const second = new ArtCafePubSub(stack, 'OtherBus', { edge: false });
  const template = Template.fromStack(stack);

  test('have names, issuers and outputs of their own', () => {
    const aliases = Object.values(resources(template, 'AWS::KMS::Alias')).map(
      ({ Properties }) => Properties.AliasName as string,
    );
    expect(new Set(aliases).size).toBe(2);
    expect(first.tokenIssuer).not.toBe(second.tokenIssuer);
    const outputs = Object.keys(template.findOutputs('*'));
    expect(outputs).toEqual(expect.arrayContaining(['BusBaseUrl', 'OtherBusBaseUrl', 'BusEdgeBaseUrl']));
    expect(outputs).not.toContain('OtherBusEdgeBaseUrl');
    expect(template.findOutputs('OtherBusMintToken').OtherBusMintToken?.Value).toContain('--bus OtherBus ');
  });

  test('share the log role of the account, of which there is one', () => {
    template.resourceCountIs('AWS::ApiGateway::Account', 1);
    // The logs of an HTTP API are written without it.
    const stages = Object.values(resources(template, 'AWS::ApiGatewayV2::Stage')).filter(
      ({ Properties }) => Properties.StageName === 'ws',
    );
    expect(stages).toHaveLength(2);
    for (const { DependsOn } of stages)
      expect([DependsOn].flat()).toContain(Object.keys(resources(template, 'AWS::ApiGateway::Account'))[0]);
  });

  test('have different values of the tag', () => {
    const tagsOf = (type: string) =>
      Object.values(resources(template, type)).map(({ Properties }) => JSON.stringify(Properties.Tags));
    expect(new Set(tagsOf('AWS::KMS::Key')).size).toBe(2);
  });
});

test('props are settings, checked with one sentence', () => {
  const stack = new Stack(createApp(), 'Fleet');
  expect(() => new ArtCafePubSub(stack, 'Bus', { retentionHours: -1 })).toThrow(
    'Setting "retentionHours": expected a whole number from 0 to 8760, got -1.',
  );
  const abroad = new Stack(createApp(), 'Abroad', { env: { region: 'eu-west-1' } });
  expect(() => new ArtCafePubSub(abroad, 'Bus', { edge: { rateLimitPer5Minutes: 100 } })).toThrow(
    'us-east-1',
  );
});

test('the construct takes the settings of its props', () => {
  const stack = new Stack(createApp(), 'Fleet');
  new ArtCafePubSub(stack, 'Default', { deployment: 'blue', retentionHours: 1 });
  const template = Template.fromStack(stack);
  expect(variablesOf(template, 'default').RETENTION_SECONDS).toBe('3600');
  template.hasResourceProperties('AWS::KMS::Alias', { AliasName: 'alias/artcafe-pubsub/blue/token' });
});

/** Those whose schema has one; a log group, a policy or a permission has none. */
const described = [
  'AWS::ApiGatewayV2::Api',
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Stage',
  'AWS::Events::Rule',
  'AWS::IAM::Role',
  'AWS::KMS::Key',
  'AWS::Lambda::Function',
  'AWS::WAFv2::WebACL',
];

test('every resource that may have a tag has ours, and every one that may have a description has one', () => {
  const stack = new PubSubStack(createApp(), 'TestStack', {
    settings: parseSettings({ edge: { rateLimitPer5Minutes: 100 } }),
  });
  const template = Template.fromStack(stack).toJSON().Resources as Record<
    string,
    { Properties?: Record<string, unknown> }
  >;
  const written = stack.node
    .findAll()
    .filter((each) => CfnResource.isCfnResource(each))
    .flatMap((each) => {
      const resource = template[stack.resolve(each.logicalId) as string];
      return resource === undefined ? [] : [{ each, properties: resource.Properties ?? {} }];
    });
  const untagged = written.filter(
    ({ each, properties }) =>
      TagManager.of(each) !== undefined && !JSON.stringify(properties.Tags ?? '').includes('artcafe-pubsub'),
  );
  const undescribed = written.filter(
    ({ each, properties }) => described.includes(each.cfnResourceType) && !properties.Description,
  );
  expect(written.length).toBeGreaterThan(60);
  expect(untagged.map(({ each }) => each.node.path)).toEqual([]);
  expect(undescribed.map(({ each }) => each.node.path)).toEqual([]);
});
