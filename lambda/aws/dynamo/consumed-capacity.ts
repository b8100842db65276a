/**
 * Counts the capacity that calls of DynamoDB consume, as its answers say. A write whose condition fails has no such answer: it
 * is billed by the size of the item (Amazon DynamoDB developer guide, "DynamoDB read and write operations").
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { WorkMeter } from '../../shared/work-meter';
import { isConditionFailure } from './dynamo-calls';

const kilobyte = 1_024;
/** Of a number with its length; ours have up to 17 digits. */
const numberBytes = 10;

interface Capacity {
  readonly CapacityUnits?: number;
}

interface Answer {
  readonly ConsumedCapacity?: Capacity | readonly Capacity[];
}

/** Every call of the client asks for its capacity. */
export function meterCapacity(client: DynamoDBClient, work: WorkMeter): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const input = { ReturnConsumedCapacity: 'TOTAL', ...args.input } as typeof args.input;
        const isRead = /^(?:Get|BatchGet|Query|Scan)/.test(commandName);
        try {
          const result = await next({ ...args, input });
          const units = unitsIn(result.output as Answer);
          // A read that finds nothing is billed as a small one; not every engine says so.
          if (isRead) work.readUnits(Math.max(minReadUnits(args.input), units));
          else work.writeUnits(units);
          return result;
        } catch (error) {
          if (isConditionFailure(error)) work.writeUnits(itemWriteUnits(args.input));
          throw error;
        }
      },
    { step: 'initialize', name: 'meterCapacity' },
  );
}

function unitsIn({ ConsumedCapacity: consumed = [] }: Answer): number {
  const parts = 'length' in consumed ? consumed : [consumed];
  return parts.reduce((sum, { CapacityUnits: units = 0 }) => sum + units, 0);
}

function minReadUnits(input: object): number {
  return (input as { readonly ConsistentRead?: boolean }).ConsistentRead === true ? 1 : 0.5;
}

function itemWriteUnits(input: object): number {
  const { Item: item = {} } = input as { readonly Item?: Readonly<Record<string, unknown>> };
  const bytes = Object.entries(item).reduce((sum, [name, value]) => sum + name.length + valueBytes(value), 0);
  return Math.max(1, Math.ceil(bytes / kilobyte));
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  return value instanceof Uint8Array ? value.byteLength : numberBytes;
}
