/**
 * What the user gives, checked before anything is sent: one odd argument must not keep others waiting.
 */
import { isPosition } from './cursor';
import { PubSubError } from './errors';
import { requestTimeoutMs } from './wire-limits';

/** How long a call waits. What it waits for goes on afterwards. */
export interface WaitOptions {
  /** In milliseconds, from 1 to 24 days; `Infinity`: as long as it takes. */
  readonly timeout?: number | undefined;
  /** Ends the waiting: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

type Test = (value: unknown) => boolean;

const matches =
  (grammar: RegExp, most = Infinity): Test =>
  (value) =>
    typeof value === 'string' && value.length <= most && grammar.test(value);
const isNumber =
  (least: number, most: number): Test =>
  (value) =>
    typeof value === 'number' && value >= least && (value <= most || value === Infinity);
/** No control character and no half surrogate pair. */
const plain = /^[^\p{Cc}\p{Cs}]+$/u;
const isWord = matches(plain, 64);

/** What a value may be, and the words for it. Nothing of a wrong value is repeated: it may be a token. */
const kinds = {
  text: [matches(plain, 128), 'a text of 1–128 characters'],
  word: [(value) => isWord(value) && value !== 'offline', 'a text of 1–64 characters, not "offline"'],
  words: [
    (value) => Array.isArray(value) && value.length <= 50 && value.every(isWord),
    'up to 50 texts of 1–64 characters',
  ],
  object: [(value) => typeof value === 'object' && !Array.isArray(value), 'an object'],
  flag: [(value) => typeof value === 'boolean', 'true or false'],
  callback: [(value) => typeof value === 'function', 'a function'],
  amount: [isNumber(Number.MIN_VALUE, Infinity), 'a number above 0'],
  time: [isNumber(1, requestTimeoutMs), '1 to 2,073,600,000 ms, or Infinity'],
  count: [(value) => Number.isSafeInteger(value) || value === Infinity, 'a whole number'],
  position: [isPosition, '{ epoch, sequence }'],
  channel: [matches(/^[\w.:-]{1,128}$|^\$(inbox|presence)$/), '1–128 of A–Z a–z 0–9 . _ : -'],
  // A frame of the type of a control frame would be no message.
  type: [
    matches(/^(?!(hello|subscribe|unsubscribe|history|presence|ping)$)[a-z][a-z0-9._:-]{0,63}$/),
    '1–64 of a–z 0–9 . _ : -, and no name of a control frame such as "ping"',
  ],
  url: [isBaseUrl, 'a base URL: wss://… or ws://…, without /ws at its end, query and fragment'],
  token: [matches(/^\S+$/), 'a text without blanks, or a function that gives one'],
} satisfies Record<string, readonly [Test, string]>;

/** By names, as the user knows them. `null` is absent, as on the wire, and so is `undefined`. */
export function check(kind: keyof typeof kinds, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values))
    if ((value ?? undefined) !== undefined) need(kind, { [name]: value });
}

/** The same for what can't be left out. */
export function need(kind: keyof typeof kinds, values: Readonly<Record<string, unknown>>): void {
  const [isRight, words] = kinds[kind];
  for (const [name, value] of Object.entries(values))
    if (!isRight(value)) throw new PubSubError('invalid_message', `"${name}" must be ${words}`);
}

function isBaseUrl(value: unknown): boolean {
  try {
    return matches(/^wss?:\/\/[^?#@\s]+$/)(value) && !/\/ws\/*$/.test(new URL(String(value)).pathname);
  } catch {
    return false;
  }
}
