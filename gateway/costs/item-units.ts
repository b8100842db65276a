/**
 * Units of a DynamoDB call for which the engine reports none: computed from the item size, as AWS does. Source:
 * Amazon DynamoDB developer guide, "DynamoDB item sizes and formats".
 */
import { isObject, type JsonObject, objectOr } from '../json';

const kilobyte = 1_024;
/** A number needs about half a byte per digit, plus one byte. */
const numberBytes = (text: string): number => 1 + Math.ceil(text.replace(/\D/g, '').length / 2);

/** Attribute names and values, in the wire's form `{ name: { S: … } }`. */
export function itemBytes(item: JsonObject): number {
  return Object.entries(item).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(objectOr(value)),
    0,
  );
}

/** A write is billed per started kilobyte. */
export function itemWriteUnits(item: unknown): number {
  return isObject(item) ? Math.max(1, Math.ceil(itemBytes(item) / kilobyte)) : 1;
}

function valueBytes(value: JsonObject): number {
  const [type = '', content] = Object.entries(value)[0] ?? [];
  const parts = Array.isArray(content) ? (content as unknown[]) : [];
  switch (type) {
    case 'S':
      return Buffer.byteLength(String(content));
    case 'B':
      return Buffer.byteLength(String(content), 'base64');
    case 'N':
      return numberBytes(String(content));
    case 'SS':
    case 'NS':
    case 'BS':
      return parts.reduce<number>((sum, part) => sum + valueBytes({ [type.charAt(0)]: part }), 0);
    case 'L':
      return 3 + parts.reduce<number>((sum, part) => sum + 1 + valueBytes(objectOr(part)), 0);
    case 'M':
      return 3 + itemBytes(objectOr(content)) + Object.keys(objectOr(content)).length;
    default:
      return 1;
  }
}
