/**
 * What the user gives, checked before anything is sent: one odd argument must not keep others waiting.
 */
import { requestTimeoutMs } from '../../protocol/limits';
import { isPosition, isText } from './cursor';
import { type ErrorCode, PubSubError } from './errors';

/** How long a call waits. What it waits for goes on afterwards. */
export interface WaitOptions {
  /** In milliseconds, from 1 to 24 days; `Infinity`: as long as it takes. */
  readonly timeout?: number | undefined;
  /** Ends the waiting: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

type Test = (value: unknown) => boolean;

const isNumber =
  (least: number, most: number): Test =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most;
const isTime = isNumber(1, requestTimeoutMs);
const isWord: Test = (value) => isText(value, 64);

/** What a value may be, and the words for it. Nothing of a wrong value is repeated: it may be a token. */
const kinds = {
  text: [isText, '1–128 characters'],
  word: [(value) => isWord(value) && value !== 'offline', '1–64 characters, not "offline"'],
  words: [
    (value) => Array.isArray(value) && value.length <= 50 && value.every(isWord),
    'up to 50 texts of 1–64 characters',
  ],
  object: [(value) => typeof value === 'object' && !Array.isArray(value), 'an object'],
  flag: [(value) => typeof value === 'boolean', 'true or false'],
  echo: [(value) => value === 'server' || typeof value === 'boolean', 'true, false or "server"'],
  callback: [(value) => typeof value === 'function', 'a function'],
  amount: [isNumber(Number.MIN_VALUE, Infinity), 'a number above 0'],
  pause: [isNumber(1_000, 540_000), '1,000 to 540,000 ms'],
  time: [(value) => value === Infinity || isTime(value), '1 to 2,073,600,000 ms, or Infinity'],
  count: [(value) => Number.isSafeInteger(value) || value === Infinity, 'a whole number'],
  position: [isPosition, '{ epoch, sequence }'],
  channel: [/^[\w.:-]{1,128}$|^\$(inbox|presence)$/, '1–128 of A–Z a–z 0–9 . _ : -'],
  // A frame of the type of a control frame would be no message.
  type: [
    /^(?!(hello|subscribe|unsubscribe|history|presence|ping)$)[a-z][a-z0-9._:-]{0,63}$/,
    '1–64 of a–z 0–9 . _ : -, not that of a control frame such as "ping"',
  ],
  url: [isBaseUrl, 'wss://… or ws://…, without /ws at its end, query and fragment'],
  safeUrl: [isSafe, 'wss://…; ws:// to another machine shows it the token and needs allowInsecure'],
  token: [/^\S+$/, 'a text without blanks, or a function that gives one'],
  class: [isClass, 'a class: npm install ws, then import WebSocket from "ws"'],
} satisfies Record<string, readonly [Test | RegExp, string]>;

/** By names, as the user knows them. `null` is absent, as on the wire, and so is `undefined`. */
export function check(kind: keyof typeof kinds, values: Readonly<Record<string, unknown>>): void {
  const given = Object.entries(values).filter(([, value]) => (value ?? undefined) !== undefined);
  need(kind, Object.fromEntries(given));
}

/** The same for what can't be left out. */
export function need(
  kind: keyof typeof kinds,
  values: Readonly<Record<string, unknown>>,
  code: ErrorCode = 'invalid_message',
): void {
  const [test, words] = kinds[kind];
  for (const [name, value] of Object.entries(values)) {
    const isRight = test instanceof RegExp ? typeof value === 'string' && test.test(value) : test(value);
    if (!isRight) throw new PubSubError(code, `"${name}" must be ${words}`);
  }
}

function isBaseUrl(value: unknown): boolean {
  try {
    const url = String(value);
    return /^wss?:\/\/[^?#@\s]+$/.test(url) && !/\/ws\/*$/.test(new URL(url).pathname);
  } catch {
    return false;
  }
}

/** `localhost` and the loopback addresses never leave the machine. */
function isSafe(value: unknown): boolean {
  const { protocol, hostname } = new URL(String(value));
  return protocol === 'wss:' || /^(.+\.)?localhost$|^127(\.\d+){3}$|^\[::1\]$/.test(hostname);
}

/** Throws unless it can be called with `new`, and does not call it. */
function isClass(value: unknown): boolean {
  try {
    Reflect.construct(Object, [], value as () => void);
    return true;
  } catch {
    return false;
  }
}
