/**
 * KMS for the signing keys of the stack: GetPublicKey and Sign, backed by the key files. The private key stays in the
 * gateway, as it stays in KMS on AWS.
 */
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock';
import { httpDate, isMistimed } from '../faults/signature-age';
import { isSignedFor, readBody, reply, replyError } from '../http/http-reply';
import { type JsonObject, objectOr, parseJson } from '../json';
import type { KeyModel } from '../template/model';
import { signDigest } from './sign-digest';

/** The largest RAW message that KMS signs. */
const rawMessageBytes = 4_096;
const requestBytes = 16_384;
const description = {
  KeySpec: 'ECC_NIST_P256',
  KeyUsage: 'SIGN_VERIFY',
  SigningAlgorithms: ['ECDSA_SHA_256'],
};

export async function serveKms(
  request: IncomingMessage,
  response: ServerResponse,
  keys: ReadonlyMap<KeyModel, KeyObject>,
  clock: Pick<Clock, 'now'>,
): Promise<void> {
  const body = await readBody(request, requestBytes);
  response.setHeader('Date', httpDate(clock.now()));
  if (isMistimed(request.headers, clock.now())) {
    replyError(response, 400, 'InvalidSignatureException', 'Signature expired or not yet current');
    return;
  }
  if (!isSignedFor(request, 'kms')) {
    replyError(response, 403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
    return;
  }
  const input = objectOr(parseJson(body?.toString() ?? ''));
  const [key, privateKey] =
    [...keys].find(([{ id, arn }]) => input.KeyId === id || input.KeyId === arn) ?? [];
  const operation = request.headers['x-amz-target'];
  if (operation !== 'TrentService.GetPublicKey' && operation !== 'TrentService.Sign') {
    replyError(
      response,
      400,
      'UnknownOperationException',
      `The gateway does not support ${String(operation)}`,
    );
  } else if (key === undefined || privateKey === undefined) {
    replyError(response, 400, 'NotFoundException', `Key '${String(input.KeyId)}' does not exist`);
  } else if (operation === 'TrentService.GetPublicKey') {
    const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
    reply(response, 200, { KeyId: key.arn, PublicKey: publicKey.toString('base64'), ...description });
  } else {
    answerSign(response, input, key, privateKey);
  }
}

function answerSign(response: ServerResponse, input: JsonObject, key: KeyModel, privateKey: KeyObject): void {
  const { Message, MessageType = 'RAW', SigningAlgorithm } = input;
  const message = typeof Message === 'string' ? Buffer.from(Message, 'base64') : Buffer.alloc(0);
  if (SigningAlgorithm !== 'ECDSA_SHA_256') {
    replyError(response, 400, 'InvalidKeyUsageException', 'The key signs with ECDSA_SHA_256 only');
  } else if (
    MessageType === 'DIGEST' ? message.length !== 32 : message.length < 1 || message.length > rawMessageBytes
  ) {
    replyError(response, 400, 'ValidationException', 'Message has a wrong length for its MessageType');
  } else {
    const signature =
      MessageType === 'DIGEST' ? signDigest(message, privateKey) : sign('sha256', message, privateKey);
    reply(response, 200, { KeyId: key.arn, Signature: signature.toString('base64'), SigningAlgorithm });
  }
}
