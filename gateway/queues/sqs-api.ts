/** SQS of its JSON protocol: all queues of the stack for senders, those that feed no function also for receivers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sqsPath } from '../http/endpoints';
import { isSignedFor, readBody, reply, replyError } from '../http/http-reply';
import { type JsonObject, listOr, objectOr, parseJson } from '../json';
import type { Queue } from './queues';
import { receiverOperations } from './sqs-receivers';
import { StoredQueue } from './stored-queue';

/** Of a message, and of a batch together. */
const maxBytes = 1_048_576;

type Page = (request: IncomingMessage, response: ServerResponse) => void;

/** For `AWS_ENDPOINT_URL_SQS`; the SDK appends a slash. */
export function sqsPages(queues: readonly (Queue | StoredQueue)[]): [string, Page][] {
  const serve: Page = (request, response) => {
    serveSqs(request, response, queues).catch(() => response.destroy());
  };
  return [sqsPath, `${sqsPath}/`].map((each) => [each, serve]);
}

async function serveSqs(
  request: IncomingMessage,
  response: ServerResponse,
  queues: readonly (Queue | StoredQueue)[],
): Promise<void> {
  const body = await readBody(request, 2 * maxBytes);
  if (!isSignedFor(request, 'sqs')) {
    replyError(response, 403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
    return;
  }
  const input = objectOr(parseJson(body?.toString() ?? ''));
  const queue = queues.find(({ model }) => model.url === input.QueueUrl);
  const operation = String(request.headers['x-amz-target']).replace(/^AmazonSQS\./, '');
  const receive = queue instanceof StoredQueue ? receiverOperations[operation] : undefined;
  if (queue === undefined) {
    replyError(response, 400, 'AWS.SimpleQueueService.NonExistentQueue', 'The queue does not exist');
  } else if (operation === 'SendMessage') {
    sendOne(input, response, queue);
  } else if (operation === 'SendMessageBatch') {
    const entries = listOr(input.Entries).map(objectOr);
    const sent = queue.send(entries.map(({ MessageBody }) => String(MessageBody)));
    const Successful = entries.map(({ Id }, index) => ({ Id, ...sent[index] }));
    reply(response, 200, { Successful, Failed: [] });
  } else if (queue instanceof StoredQueue && receive !== undefined) {
    reply(response, 200, receive(queue, input));
  } else {
    replyError(response, 400, 'InvalidAction', `The gateway does not support ${operation} of this queue`);
  }
}

function sendOne(
  { MessageBody: body }: JsonObject,
  response: ServerResponse,
  queue: Queue | StoredQueue,
): void {
  if (typeof body !== 'string' || body === '' || Buffer.byteLength(body) > maxBytes)
    replyError(response, 400, 'InvalidParameterValue', 'The message must have 1 byte to 1 MiB');
  else reply(response, 200, { ...queue.send([body])[0] });
}
