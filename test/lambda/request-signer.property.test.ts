/** The hand-made signature against the one of the library that the AWS SDK uses: any difference would be a 403 on AWS. */
import { createHash } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { RequestSigner, encodedSegment } from '../../lambda/aws/calls/request-signer';
import { sized } from '../helpers/long';
import { Sha256 } from '../helpers/sha256';

const runs = sized({ usual: 1_000, long: 10_000 });
const region = 'eu-central-1';
const contentType = 'application/octet-stream';

/** Printable ASCII without blanks: what keys and tokens are made of. */
const secretText = (minLength: number, maxLength: number) =>
  fc.string({
    unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)),
    minLength,
    maxLength,
  });

const call = fc.record({
  method: fc.constantFrom('GET' as const, 'POST' as const, 'DELETE' as const),
  host: fc.constantFrom('abc123.execute-api.eu-central-1.amazonaws.com', '127.0.0.1:8787'),
  stage: fc.constantFrom('/ws', '/a-b_c'),
  // Real ids are base64; anything else must be signed as well. A path can't name `.` and `..`.
  id: fc.oneof(fc.base64String({ minLength: 4 }), fc.string({ unit: 'binary', minLength: 3 })),
  payload: fc.string({ unit: 'binary', maxLength: 200 }),
  date: fc.date({ min: new Date('2015-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
  credentials: fc.record({
    accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,20}$/),
    secretAccessKey: secretText(1, 60),
    sessionToken: fc.option(secretText(0, 300), { nil: undefined }),
  }),
});

test(`signs as @smithy/signature-v4 does, ${runs} times`, async () => {
  // One signer for all: what it keeps for the next call must never be the wrong thing.
  const signers = new Map<string, RequestSigner>();
  await fc.assert(
    fc.asyncProperty(call, async ({ method, host, stage, id, payload, date, credentials }) => {
      const path = `${stage}/@connections/${encodedSegment(id)}`;
      const body = method === 'POST' ? payload : '';
      const signer = signers.get(host) ?? new RequestSigner(host, region);
      signers.set(host, signer);
      const ours = signer.sign(
        {
          method,
          path,
          payloadHash: createHash('sha256').update(body).digest('hex'),
          contentType: method === 'POST' ? contentType : undefined,
        },
        credentials,
        date.getTime(),
      );
      const { accessKeyId, secretAccessKey, sessionToken } = credentials;
      const reference = new SignatureV4({
        service: 'execute-api',
        region,
        sha256: Sha256,
        credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
      });
      const [hostname = '', port] = host.split(':');
      const signed = await reference.sign(
        {
          method,
          protocol: 'https:',
          hostname,
          ...(port && { port: Number(port) }),
          path,
          query: {},
          headers: { host, ...(method === 'POST' && { 'content-type': contentType }) },
          body,
        },
        { signingDate: date },
      );
      expect(ours).toEqual(signed.headers);
    }),
    { numRuns: runs },
  );
});

test('keeps what a second and a day share, and drops it with either', () => {
  const signer = new RequestSigner('h', region);
  const credentials = { accessKeyId: 'A', secretAccessKey: 's', sessionToken: undefined };
  const request = {
    method: 'GET',
    path: '/ws/@connections/a',
    payloadHash: 'x',
    contentType: undefined,
  } as const;
  const at = (time: string) => signer.sign(request, credentials, Date.parse(time));
  const first = at('2026-11-25T23:59:58.100Z');
  expect(at('2026-11-25T23:59:58.900Z')).toEqual(first);
  expect(at('2026-11-25T23:59:59.000Z')['x-amz-date']).toBe('20261125T235959Z');
  expect(at('2026-11-26T00:00:00.000Z').authorization).toContain('/20261126/eu-central-1/execute-api/');
});

test.each([undefined, 'token'])(
  'signs the headers of a service as @smithy/signature-v4 does, token: %s',
  async (sessionToken) => {
    const url = new URL('https://kms.eu-central-1.amazonaws.com/a/arn%3Aaws');
    const body = '{}';
    const serviceHeaders = { 'x-amz-target': 'TrentService.GetPublicKey', 'x-amz-invocation-type': 'Event' };
    const credentials = { accessKeyId: 'A', secretAccessKey: 's', sessionToken };
    const date = new Date('2026-11-25T04:13:00Z');
    const ours = new RequestSigner(url.host, region, 'kms', serviceHeaders).sign(
      {
        method: 'POST',
        path: url.pathname,
        payloadHash: createHash('sha256').update(body).digest('hex'),
        contentType,
      },
      credentials,
      date.getTime(),
    );
    const reference = new SignatureV4({
      service: 'kms',
      region,
      sha256: Sha256,
      credentials: { accessKeyId: 'A', secretAccessKey: 's', ...(sessionToken && { sessionToken }) },
    });
    const signed = await reference.sign(
      {
        method: 'POST',
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: {},
        headers: { host: url.host, 'content-type': contentType, ...serviceHeaders },
        body,
      },
      { signingDate: date },
    );
    expect(ours).toEqual(signed.headers);
  },
);
