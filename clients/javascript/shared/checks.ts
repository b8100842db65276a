/**
 * What the user gives, checked before anything is sent: one odd argument must not keep others waiting.
 */
import { requestTimeoutMs } from '../../../protocol/limits';
import { isPosition, isText } from './cursor';
import { type ErrorCode, PubSubError } from './errors';

/** How long a call waits. What it waits for goes on afterwards. */
export interface WaitOptions {
  /** In milliseconds, from 1 to 24 days; `Infinity`: as long as it takes. */
  readonly timeout?: number | undefined;
  /** Ends the waiting: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

type Test = (value: unknown) => unknown;

const isNumber =
  (least: number, most: number): Test =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most;
const isTime = isNumber(1, requestTimeoutMs);
const isWord: Test = (value) => isText(value, 64);

/**
 * What a value may be, and the words for it: a text of such characters, or what a test says yes to. Nothing of a wrong value
 * is repeated: it may be a token.
 */
const kinds = {
  text: [isText, '1-128 characters'],
  word: [(value) => isWord(value) && value !== 'offline', '1-64 characters, not "offline"'],
  words: [
    (value) => Array.isArray(value) && value.length <= 50 && value.every(isWord),
    'up to 50 of 1-64 characters',
  ],
  object: [(value) => value && typeof value === 'object' && !Array.isArray(value), 'an object'],
  flag: [(value) => typeof value === 'boolean', 'true or false'],
  echo: [(value) => value === 'server' || typeof value === 'boolean', 'true, false or "server"'],
  callback: [(value) => typeof value === 'function', 'a function'],
  amount: [isNumber(Number.MIN_VALUE, Infinity), 'a number above 0'],
  pause: [isNumber(1_000, 540_000), '1,000 to 540,000 ms'],
  time: [(value) => value === Infinity || isTime(value), '1 to 2,073,600,000 ms, or Infinity'],
  count: [(value) => value === Infinity || Number.isSafeInteger(value), 'a whole number'],
  position: [isPosition, '{ epoch, sequence }'],
  channel: [/^[\w.:-]{1,128}$|^\$(inbox|presence)$/, '1-128 of A-Z a-z 0-9 . _ : -'],
  // A frame of the type of a control frame would be no message.
  type: [
    /^(?!(hello|subscribe|unsubscribe|history|presence|ping)$)[a-z][a-z0-9._:-]{0,63}$/,
    '1-64 of a-z 0-9 . _ : -, not "ping" or another control frame',
  ],
  url: [isBaseUrl, 'wss://... or ws://... without /ws, query and fragment'],
  safeUrl: [isSafe, 'wss://...: ws:// shows the token and needs allowInsecure'],
  token: [/^\S+$/, 'a text without blanks, or a function that gives one'],
  class: [isClass, 'a class: npm install ws, then import WebSocket from "ws"'],
} satisfies Record<string, readonly [Test | RegExp, string]>;

export type Kind = keyof typeof kinds;

/** By names, as the user knows them. `null` is absent, as on the wire, and so is `undefined`. */
export function check(kind: Kind, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values))
    if ((value ?? undefined) !== undefined) need(kind, { [name]: value });
}

/** The same for what can't be left out. */
export function need(
  kind: Kind,
  values: Readonly<Record<string, unknown>>,
  code: ErrorCode = 'invalid_message',
): void {
  const [test, words] = kinds[kind];
  for (const [name, value] of Object.entries(values))
    if (!passes(test, value)) throw new PubSubError(code, `"${name}" must be ${words}`);
}

/** Options, each by its kind. */
export function checkOptions<T>(options: T, kindOf: Readonly<Partial<Record<keyof T, Kind>>>): void {
  need('object', { options });
  for (const [name, kind] of Object.entries(kindOf) as [keyof T, Kind][])
    check(kind, { [name]: options[name] });
}

/** Looking at a value may throw. */
function passes(test: Test | RegExp, value: unknown): unknown {
  try {
    return test instanceof RegExp ? typeof value === 'string' && test.test(value) : test(value);
  } catch {
    return false;
  }
}

function isBaseUrl(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^wss?:\/\/[^?#@\s]+$/.test(value) &&
    !/\/ws\/*$/.test(new URL(value).pathname)
  );
}

/** `localhost` and the loopback addresses never leave the machine. */
function isSafe(value: unknown): boolean {
  const { protocol, hostname } = new URL(String(value));
  return protocol === 'wss:' || /^(.+\.)?localhost$|^127(\.\d+){3}$|^\[::1\]$/.test(hostname);
}

/** Throws unless it can be called with `new`, and does not call it. */
function isClass(value: unknown): unknown {
  return Reflect.construct(Object, [], value as () => void);
}

/** What `read` gives; `undefined` when it throws, as a getter or a Proxy of the user may. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
