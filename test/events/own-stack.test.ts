/**
 * A stack of the team that deploys the bus: a rule of EventBridge and a Lambda function publish, on the laptop gateway as on AWS. The rule is
 * that of docs/events.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import cdkJson from '../../cdk.json';
import { startGateway } from '../../gateway/index';
import type { ArtCafePubSub } from '../../lib/pubsub';
import { PubSubStack } from '../../lib/pubsub-stack';
import { parseSettings } from '../../lib/settings/config';
import { Bus } from '../helpers/bus';

/** Publishes over HTTP what its event says. */
const job = `exports.handler = async ({ detail: { token, channel, content } }) => {
  const headers = { authorization: 'Bearer ' + token };
  const url = process.env.BUS_HTTP + '/channels/' + channel + '/messages';
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ id: 'from-lambda', content }) });
  console.log(answer.status, await answer.text());
};`;

const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-own-stack-'));
const tenant = 'acme';
let bus: Bus;

beforeAll(async () => {
  process.env.CDK_VALIDATION = 'false';
  const assembly = path.join(folder, 'cdk.out');
  synthesize(assembly);
  bus = await Bus.start({ release: { assembly, startGateway } });
});
afterEach(() => bus.hangUp());
afterAll(async () => {
  await bus.stop();
  rmSync(folder, { recursive: true, force: true });
});

function synthesize(outdir: string): void {
  const app = new App({ outdir, analyticsReporting: false, context: cdkJson.context });
  const allow = [{ tenant, agents: ['builds'] }];
  const stack = new PubSubStack(app, 'Own', { settings: parseSettings({ publishQueue: { allow } }) });
  const { publishQueue, httpUrl } = stack.node.findChild('Default') as unknown as Pick<
    ArtCafePubSub,
    'publishQueue' | 'httpUrl'
  >;
  const message = {
    tenant_id: tenant,
    agent_id: 'builds',
    channel_id: 'builds',
    id: EventField.eventId,
    content: EventField.fromPath('$.detail'),
  };
  new Rule(stack, 'BuildEnded', {
    eventPattern: { source: ['aws.codebuild'], detailType: ['CodeBuild Build State Change'] },
    targets: [new SqsQueue(publishQueue!, { message: RuleTargetInput.fromObject(message) })],
  });
  const code = mkdtempSync(path.join(folder, 'job-'));
  writeFileSync(path.join(code, 'index.js'), job);
  const fn = new Function(stack, 'Job', {
    runtime: Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: Code.fromAsset(code),
    environment: { BUS_HTTP: httpUrl },
  });
  new Rule(stack, 'JobDue', { eventPattern: { source: ['jobs'] }, targets: [new LambdaFunction(fn)] });
  app.synth();
}

async function putEvent(source: string, detailType: string, detail: object): Promise<string> {
  const response = await fetch(bus.inside.gateway.endpoints.eventBridge, {
    method: 'POST',
    headers: {
      authorization: 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/events/aws4_request',
      'x-amz-target': 'AWSEvents.PutEvents',
    },
    body: JSON.stringify({
      Entries: [{ Source: source, DetailType: detailType, Detail: JSON.stringify(detail) }],
    }),
  });
  const { Entries: entries } = (await response.json()) as { Entries: readonly { EventId: string }[] };
  return entries[0]!.EventId;
}

test('a rule publishes by the queue: once for an event, whose id is that of the message', async () => {
  const bob = await bus.connect({ tenant, agent: 'bob' }, { channel: 'builds', level: 1 });
  const detail = { project: 'shop', status: 'SUCCEEDED' };
  const id = await putEvent('aws.codebuild', 'CodeBuild Build State Change', detail);
  expect(await bob.next({ id })).toMatchObject({ agent_id: 'builds', content: detail, sequence: 1 });
});

test('a Lambda function publishes over HTTP, to the URL that the construct has', async () => {
  const bob = await bus.connect({ tenant, agent: 'bob' }, { channel: 'jobs', level: 1 });
  const token = await bus.token({ tenant, agent: 'job' });
  await putEvent('jobs', 'due', { token, channel: 'jobs', content: { done: 17 } });
  expect(await bob.next({ id: 'from-lambda' })).toMatchObject({ agent_id: 'job', content: { done: 17 } });
});
