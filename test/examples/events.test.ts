/** The CDK examples of docs/events.md synthesize, and their rules match the events that the bus sends. */
import path from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';

type Create = new (app: App, id: string, props: object) => Stack;

const templates: Record<string, Template> = {};

beforeAll(async () => {
  process.env.CDK_VALIDATION = 'false';
  const deployment = 'artcafe';
  const examples = [
    ['wake-container', 'WakeContainer', { deployment, image: 'example/agent:1' }],
    ['call-webhook', 'CallWebhook', { deployment, url: 'https://example.com/hook', apiKeySecret: 'hook' }],
    ['archive', 'Archive', { deployment, keptDays: 365 }],
  ] as const;
  for (const [file, name, props] of examples) {
    // By a path that the compiler does not follow: the examples have compiler options of their own.
    const module = (await import(path.join(__dirname, '../../examples/events', file))) as Record<
      string,
      Create
    >;
    templates[file] = Template.fromStack(new module[name]!(new App(), name, props));
  }
});

test.each([
  ['wake-container', ['message.stored']],
  ['call-webhook', ['agent.connected', 'agent.disconnected', 'token.revoked']],
  ['archive', ['message.published']],
] as const)('%s has a rule for its events', (name, types) => {
  templates[name]!.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: { source: ['artcafe-pubsub.artcafe'], 'detail-type': types },
  });
});

test('the container gets the ids of tenant and agent', () => {
  const [rule] = Object.values(templates['wake-container']!.findResources('AWS::Events::Rule'));
  expect(JSON.stringify(rule)).toMatch(/detail.tenant_id.*detail.agent_id/);
  expect(JSON.stringify(rule)).toContain('AGENT_ID');
});

test('an event that the webhook does not take in a day is kept', () => {
  templates['call-webhook']!.hasResourceProperties('AWS::Events::Rule', {
    Targets: [{ DeadLetterConfig: {}, RetryPolicy: { MaximumEventAgeInSeconds: 86_400 } }],
  });
});

test('messages are archived one a line', () => {
  const [rule] = Object.values(templates.archive!.findResources('AWS::Events::Rule'));
  expect(JSON.stringify(rule)).toContain(String.raw`>\\n`);
});
