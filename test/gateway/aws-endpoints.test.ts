/**
 * The AWS services that functions call: Lambda's Invoke and KMS for the signing key.
 * Signatures are verified with the public key that the same endpoint gives out.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { recording } from './helpers/assembly';
import { type Answer, call } from './helpers/client';
import { type Running, run, stopAll } from './helpers/running';

let running: Running;

beforeAll(async () => {
  running = await run({
    functions: {
      Echo: 'exports.handler = async (event) => { console.log(JSON.stringify(event)); return { got: event }; };',
      Failing: "exports.handler = async () => { console.log('tried'); throw new TypeError('no'); };",
      Worker: recording(),
    },
    resources: {
      SigningKey: {
        Type: 'AWS::KMS::Key',
        Properties: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
      },
      OtherKey: { Type: 'AWS::KMS::Key', Properties: {} },
      Failures: { Type: 'AWS::SQS::Queue', Properties: {} },
      FailingSettings: {
        Type: 'AWS::Lambda::EventInvokeConfig',
        Properties: {
          FunctionName: { Ref: 'Failing' },
          MaximumRetryAttempts: 1,
          DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failures', 'Arn'] } } },
        },
      },
    },
    sections: {
      Outputs: {
        Key: { Value: { 'Fn::GetAtt': ['SigningKey', 'Arn'] } },
        OtherKey: { Value: { Ref: 'OtherKey' } },
      },
    },
  });
});
afterAll(stopAll);

describe('Lambda', () => {
  const invoke = (
    name: string,
    body: string,
    headers: Record<string, string> = {},
    service = 'lambda',
  ): Promise<Answer> =>
    call('POST', `${running.gateway.endpoints.lambda}/2015-03-31/functions/${name}/invocations`, {
      body,
      headers,
      service,
    });
  const asEvent = { 'X-Amz-Invocation-Type': 'Event' };

  test('RequestResponse gives the result, by name, partial ARN and ARN', async () => {
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:Test-Echo';
    for (const name of [
      'Test-Echo',
      'Test-Echo:live',
      '000000000000:function:Test-Echo',
      arn,
      `${arn}:$LATEST`,
    ]) {
      const answer = await invoke(encodeURIComponent(name), '{"a":1}');
      expect([answer.status, answer.body]).toEqual([200, '{"got":{"a":1}}']);
    }
  });

  test('a failing function is 200 with X-Amz-Function-Error', async () => {
    const answer = await invoke('Test-Failing', '{}');
    expect([answer.status, answer.headers['x-amz-function-error']]).toEqual([200, 'Unhandled']);
    expect(JSON.parse(answer.body)).toMatchObject({ errorType: 'TypeError', errorMessage: 'no' });
  });

  test('Event is accepted at once and runs by itself', async () => {
    const answer = await invoke('Test-Worker', '{"job":1}', asEvent);
    expect([answer.status, answer.body]).toEqual([202, '']);
    expect(await running.recorder.event('Worker')).toEqual({ job: 1 });
  });

  test('a failing Event is retried on the clock as the stack says, then goes to its destination', async () => {
    const tries = (): number => running.recorder.entries.filter(({ text }) => text === 'tried').length;
    const before = tries();
    await invoke('Test-Failing', '{"job":2}', asEvent);
    await running.recorder.entry(() => tries() === before + 1);
    await running.gateway.clock.advance(61_000);
    await running.recorder.line(
      'The event goes to arn:aws:sqs:us-east-1:000000000000:Test-Failures: {"job":2}',
    );
    expect(tries()).toBe(before + 2);
  });

  test.each([
    ['an unknown function', 'Test-Nobody', '{}', 'lambda', 404],
    ['a malformed name', '%E0%A4%A', '{}', 'lambda', 404],
    ['a body that is not JSON', 'Test-Echo', '{', 'lambda', 400],
    ['a signature for another service', 'Test-Echo', '{}', 'kms', 403],
  ])('%s', async (_, name, body, service, status) => {
    expect((await invoke(name, body, {}, service)).status).toBe(status);
  });

  test('DryRun runs nothing, and a payload may be too large', async () => {
    const before = running.recorder.events('Echo').length;
    expect((await invoke('Test-Echo', '{}', { 'X-Amz-Invocation-Type': 'DryRun' })).status).toBe(204);
    expect((await invoke('Test-Echo', `"${'x'.repeat(1_048_576)}"`, asEvent)).status).toBe(413);
    expect(running.recorder.events('Echo')).toHaveLength(before);
  });
});

describe('KMS', () => {
  const digest = createHash('sha256').update('some text').digest();
  const ask = (operation: string, input: object, service: string | null = 'kms'): Promise<Answer> =>
    call('POST', `${running.gateway.endpoints.kms}/`, {
      body: JSON.stringify(input),
      service,
      headers: { 'X-Amz-Target': `TrentService.${operation}` },
    });

  test('the SDK gets the public key and verifies what the key signs', async () => {
    const { endpoints, outputs } = running.gateway;
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const kms = new KMSClient({ endpoint: endpoints.kms, region: 'us-east-1', credentials });
    const KeyId = outputs.Key!;
    const found = await kms.send(new GetPublicKeyCommand({ KeyId }));
    expect(found).toMatchObject({
      KeyId,
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'SIGN_VERIFY',
      SigningAlgorithms: ['ECDSA_SHA_256'],
    });
    const publicKey = createPublicKey({ key: Buffer.from(found.PublicKey!), format: 'der', type: 'spki' });
    const raw = new SignCommand({
      KeyId,
      Message: Buffer.from('some text'),
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
    const signed = await kms.send(raw);
    expect(verify('sha256', Buffer.from('some text'), publicKey, signed.Signature!)).toBe(true);
    // Several times, because the numbers in a signature vary in length.
    for (let round = 0; round < 40; round += 1) {
      const ofDigest = new SignCommand({
        KeyId,
        Message: digest,
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      });
      const { Signature } = await kms.send(ofDigest);
      expect(verify('sha256', Buffer.from('some text'), publicKey, Signature!)).toBe(true);
    }
    kms.destroy();
  });

  test('a key is known by its id as well', async () => {
    const arn = running.gateway.outputs.Key!;
    const answer = await ask('GetPublicKey', { KeyId: arn.split('/')[1] });
    expect(JSON.parse(answer.body)).toMatchObject({ KeyId: arn });
  });

  test.each([
    ['an unknown key', 'GetPublicKey', { KeyId: 'nobody' }, 400, 'NotFoundException'],
    ['another operation', 'Encrypt', {}, 400, 'UnknownOperationException'],
  ])('%s', async (_, operation, input, status, type) => {
    const answer = await ask(operation, input);
    expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([status, type]);
  });

  test('a key for encryption does not sign', async () => {
    expect((await ask('GetPublicKey', { KeyId: running.gateway.outputs.OtherKey })).status).toBe(400);
  });

  test.each([
    [{ SigningAlgorithm: 'RSASSA_PSS_SHA_256', Message: 'eA==' }, 'InvalidKeyUsageException'],
    [{ SigningAlgorithm: 'ECDSA_SHA_256', Message: 'eA==', MessageType: 'DIGEST' }, 'ValidationException'],
    [{ SigningAlgorithm: 'ECDSA_SHA_256' }, 'ValidationException'],
  ])('Sign refuses %j', async (input, type) => {
    const answer = await ask('Sign', { KeyId: running.gateway.outputs.Key, ...input });
    expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([400, type]);
  });

  test.each([null, 'execute-api'])('a signature for %s is refused', async (service) => {
    expect((await ask('GetPublicKey', { KeyId: 'x' }, service)).status).toBe(403);
  });
});
