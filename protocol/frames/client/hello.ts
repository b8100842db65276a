/**
 * `hello`: resumes channels, reports what is handled, and names the client (HEL-1).
 */
import { isAbsent, isJsonObject, type JsonObject } from '../../json';
import { limits } from '../../limits';
import { isId } from '../../names';
import type { Capabilities, Id } from '../values';
import { type Complaint, isSubscribable, readList, type Resume, type ResumeEntry, wrong } from './fields';
import { type OwnPresence, type OwnStatus, readOwnPresence } from './presence';

/** @maxProperties 128 */
export interface HelloFrame {
  readonly type: 'hello';
  readonly id?: Id | null | undefined;
  /** @maxItems 100 */
  readonly resume?: readonly ResumeEntry[] | null | undefined;
  readonly client?: ClientName | null | undefined;
  readonly status?: OwnStatus | null | undefined;
  readonly capabilities?: Capabilities | null | undefined;
}

/** The program, for people who read logs. */
export interface ClientName {
  readonly name?: Id | null | undefined;
  readonly version?: Id | null | undefined;
}

export const examples: readonly HelloFrame[] = [
  { type: 'hello' },
  {
    type: 'hello',
    id: 'h1',
    client: { name: 'my-client', version: '1.0.0' },
    resume: [
      { channel_id: 'orders', epoch: 'k3v', sequence: 41 },
      { channel_id: 'lobby' },
      { channel_id: '$inbox', epoch: '9fd', sequence: 8, handled: { epoch: '9fd', sequence: 7 } },
    ],
    status: 'busy',
    capabilities: ['translate'],
  },
  { type: 'hello', id: 'h2', resume: [{ channel_id: '$inbox', handled: {} }] },
];

export interface ParsedHello {
  readonly type: 'hello';
  readonly id: string | undefined;
  readonly resume: readonly Resume[];
  readonly own: OwnPresence;
}

export function readHello(id: string | undefined, frame: JsonObject): ParsedHello | Complaint {
  const resume = readList('resume', frame.resume, limits.channels, isSubscribable);
  if (!Array.isArray(resume)) return resume;
  if (!isClient(frame.client))
    return wrong('"client" must be an object with "name" and "version", texts of 1–128 characters');
  const own = readOwnPresence(frame);
  return 'code' in own ? own : { type: 'hello', id, resume, own };
}

/** The name and version of the program are for people only, but a mistake in them is an error. */
function isClient(value: unknown): boolean {
  if (isAbsent(value)) return true;
  return isJsonObject(value) && [value.name, value.version].every((text) => isAbsent(text) || isId(text));
}
