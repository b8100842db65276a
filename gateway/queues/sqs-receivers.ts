/** SQS for those who receive, of its JSON protocol: from the queues that feed no function. */
import { type JsonObject, listOr, objectOr } from '../json';
import type { StoredQueue } from './stored-queue';

type Operation = (queue: StoredQueue, input: JsonObject) => object;

/** By the name of the operation. */
export const receiverOperations: Readonly<Record<string, Operation>> = {
  ReceiveMessage: (queue, { MaxNumberOfMessages: most = 1, VisibilityTimeout: seconds }) => {
    const messages = queue.receive(Number(most), seconds === undefined ? undefined : Number(seconds) * 1_000);
    return messages.length === 0 ? {} : { Messages: messages };
  },
  DeleteMessageBatch: (queue, { Entries }) => {
    const entries = listOr(Entries).map(objectOr);
    queue.delete(entries.map(({ ReceiptHandle }) => String(ReceiptHandle)));
    return { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] };
  },
  ChangeMessageVisibilityBatch: (queue, { Entries }) => {
    const entries = listOr(Entries).map(objectOr);
    const changed = queue.changeVisibility(
      entries.map(({ ReceiptHandle, VisibilityTimeout }) => ({
        receipt: String(ReceiptHandle),
        visibilityMs: Number(VisibilityTimeout) * 1_000,
      })),
    );
    const idsOf = (isChanged: boolean) =>
      entries.filter((_, index) => changed[index] === isChanged).map(({ Id }) => ({ Id }));
    return {
      Successful: idsOf(true),
      Failed: idsOf(false).map((id) => ({ ...id, SenderFault: true, Code: 'MessageNotInflight' })),
    };
  },
  GetQueueAttributes: (queue, { AttributeNames }) => {
    const { visible, hidden } = queue.counts();
    const attributes = {
      ApproximateNumberOfMessages: String(visible),
      ApproximateNumberOfMessagesNotVisible: String(hidden),
    };
    const names = listOr(AttributeNames);
    const asked = Object.entries(attributes).filter(([name]) => names.includes(name));
    return { Attributes: Object.fromEntries(asked) };
  },
};
