/** The publish queue: off by default, and what a setting adds. */
import { flattened, onlyResource, resources, templateOf } from './synthesized';

const settings = { publishQueue: { allow: [{ tenant: 'acme', agents: ['cron'] }] } };

test('by default there is none', () => {
  const template = templateOf();
  template.resourceCountIs('AWS::Lambda::EventSourceMapping', 0);
  expect(Object.keys(template.findOutputs('*'))).not.toContain('PublishQueueUrl');
});

test('batches fail in part, and three attempts stay within ten minutes', () => {
  const template = templateOf(settings);
  expect(Object.keys(template.findOutputs('*'))).toContain('PublishQueueUrl');
  expect(flattened(template.findOutputs('LogGroups').LogGroups?.Value)).toContain(
    '"publishQueue":"<FunctionsPublishQueueFunctionLog>"',
  );
  expect(onlyResource(template, 'AWS::Lambda::EventSourceMapping').Properties).toMatchObject({
    BatchSize: 10,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  });
  const queues = Object.values(resources(template, 'AWS::SQS::Queue')).map(({ Properties }) => Properties);
  const { VisibilityTimeout: seconds, RedrivePolicy: redrive } = queues.find((each) => each.RedrivePolicy)!;
  expect(Number(seconds) * Number(redrive.maxReceiveCount)).toBeLessThanOrEqual(600);
  // Lambda asks for six times the timeout of the function at most batches; below the timeout it refuses the mapping.
  const fn = Object.entries(resources(template, 'AWS::Lambda::Function')).find(([id]) =>
    id.startsWith('FunctionsPublishQueueFunction'),
  )![1];
  expect(Number(seconds)).toBeGreaterThanOrEqual(Number(fn.Properties.Timeout));
  expect(JSON.parse(String(fn.Properties.Environment.Variables.PUBLISH_ALLOWED))).toEqual(
    settings.publishQueue.allow,
  );
});
