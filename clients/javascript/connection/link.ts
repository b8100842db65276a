/**
 * One socket from its handshake to its end: frames in and out, questions and their answers, and whether the other side
 * is still there. Knows nothing of channels, and is never used again after its end.
 */
import { subProtocol } from '../../../protocol/names';
import { type Deferred, deferred } from '../shared/deferred';
import { PubSubError } from '../shared/errors';
import { type Frame, isMessageFrame, newId, readFrames, text, toJson } from '../shared/messages';
import { refusal, watchSocket } from './platform';
import type { Read } from './replies';
import { type Answer, openState, type Socket, type WebSocketClass } from './socket';
import type { Cancel, Timers } from '../shared/timers';

export interface LinkEvents {
  /** Every frame that is not the answer to a question. */
  receive(frame: Frame, link: Link): void;
  /** Called once, at whichever end the connection was closed. */
  ended(link: Link, error: PubSubError): void;
}

interface Question {
  /** By their numbers: a post that is made again repeats a part. */
  readonly parts: Record<number, Frame>;
  readonly answered: (parts: readonly Frame[]) => void;
  readonly reject: (error: PubSubError) => void;
}

const openMs = 15_000;
/** The service answers within 5 s. */
const answerMs = 10_000;
/** From a sign of doubt to the end, when nothing at all comes. */
const silenceMs = 10_000;
/** What has come so lately says that the other side is there. */
const freshMs = 5_000;
/** For the other side's part of the closing handshake. */
const closingMs = 2_000;

export class Link {
  /** Settles when the socket is open, or can't be. */
  readonly opening: Deferred<void> = deferred();
  readonly #socket: Socket;
  readonly #questions = new Map<string, Question>();
  readonly #cancels: Cancel[] = [];
  #hasOpened = false;
  #lastHeardAt: number;
  #doubt: Cancel | undefined;
  #doubtEndsAt = Infinity;
  #silence: Cancel | undefined;
  #isEnded = false;
  readonly #timers: Timers;
  readonly #events: LinkEvents;

  constructor(url: string, WebSocket: WebSocketClass, timers: Timers, events: LinkEvents) {
    this.#timers = timers;
    this.#events = events;
    this.#lastHeardAt = timers.date();
    const socket = new WebSocket(url, [subProtocol]) as Socket;
    this.#socket = socket;
    const late = timers.after(openMs, () => {
      this.end(new PubSubError('timeout', `No connection: no answer in ${openMs} ms`));
    });
    this.#cancels.push(late, watchSocket(socket, this, timers));
    socket.onopen = () => {
      late();
      this.#hasOpened = true;
      this.hear();
      this.opening.resolve();
    };
    socket.onmessage = ({ data }) => {
      this.#receive(data);
    };
    // Node's own WebSocket ends a failed handshake without a `close`.
    socket.onerror = ({ message, error }) => {
      this.#lost(error ?? message ?? 'no reason given');
    };
    socket.on?.('unexpected-response', (_, answer) => {
      this.#lost(`HTTP status ${String(answer.statusCode)}`, answer);
    });
    socket.onclose = ({ code }) => {
      this.#lost(`closed with ${String(code)}`);
    };
  }

  get isOpen(): boolean {
    return !this.#isEnded && this.#socket.readyState === openState;
  }

  /** Whether the text is on its way; never throws. Ends when it is not: nobody else would notice. */
  send(frames: string): boolean {
    try {
      if (this.isOpen) {
        this.#socket.send(frames);
        return true;
      }
    } catch {
      // A text may be lost, so the others must not follow.
    }
    this.end(new PubSubError('connection_lost'));
    return false;
  }

  /**
   * Sends a control frame and gives what `read` makes of its answer, before any later frame is looked at. Rejects on an
   * ERROR, in silence, and at the end.
   */
  async ask<T>(frame: Frame, read: Read<T>): Promise<T> {
    const id = newId();
    const json = toJson({ ...frame, id });
    const { promise, resolve, reject } = deferred<T>();
    const answered = (parts: readonly Frame[]): void => {
      try {
        resolve(read(parts.at(-1) ?? {}, parts));
      } catch (cause) {
        reject(new PubSubError('internal', 'Unknown answer', { cause }));
      }
    };
    this.#questions.set(id, { parts: {}, answered, reject });
    const patience = this.#timers.after(answerMs, () => {
      reject(new PubSubError('timeout', `No answer in ${answerMs} ms`));
      this.suspect();
    });
    if (!this.send(json)) reject(new PubSubError('connection_lost'));
    return promise.finally(() => {
      patience();
      this.#questions.delete(id);
    });
  }

  /** Ends, unless something is heard within the time. */
  suspect(withinMs = silenceMs): void {
    const endsAt = this.#timers.now() + withinMs;
    if (this.#isEnded || endsAt >= this.#doubtEndsAt) return;
    this.#doubtEndsAt = endsAt;
    this.#doubt?.();
    this.#doubt = this.#timers.after(withinMs, () => {
      this.end(new PubSubError('connection_lost'));
    });
  }

  /** Runs as soon as nothing has been heard for 5 s; not at all when something comes before. */
  whenSilent(run: () => void): void {
    // By the clock, for time has passed in a sleep; never longer, for the clock may have been set back.
    const restMs = Math.min(freshMs, this.#lastHeardAt + freshMs - this.#timers.date());
    this.#silence ??= this.#timers.after(restMs, () => {
      this.#silence = undefined;
      run();
    });
  }

  /** Closes the socket. Nothing of it is heard any more. */
  end(error: PubSubError): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const cancel of this.#cancels) cancel();
    this.opening.reject(error);
    this.hear();
    for (const { reject } of this.#questions.values())
      reject(new PubSubError('connection_lost', undefined, { cause: error }));
    const socket = this.#socket;
    socket.onmessage = null;
    try {
      // A closing handshake with a peer that is not there would take until the platform gives up.
      if (error.code !== 'closed' && socket.terminate) socket.terminate();
      else if (socket.readyState <= openState) {
        socket.close(1000);
        // An answer that never comes must not hold a Node process.
        this.#timers.after(closingMs, () => socket.terminate?.());
      }
    } catch {
      // It is not used any more either way.
    }
    this.#events.ended(this, error);
  }

  /** Of a handshake, the error is the reason. */
  #lost(thrown: unknown, answer?: Answer): void {
    const error = refusal(thrown, answer);
    this.end(this.#hasOpened ? new PubSubError('connection_lost', undefined, { cause: error.cause }) : error);
  }

  /** The other side is there. */
  hear(): void {
    this.#lastHeardAt = this.#timers.date();
    this.#doubtEndsAt = Infinity;
    this.#doubt?.();
    this.#silence?.();
    this.#silence = undefined;
  }

  #receive(data: unknown): void {
    this.hear();
    if (typeof data !== 'string') return;
    for (const frame of readFrames(data)) if (!this.#answer(frame)) this.#events.receive(frame, this);
  }

  #answer(frame: Frame): boolean {
    // The sender of a message chooses its further fields: they may be anything.
    if (isMessageFrame(frame)) return false;
    const id = text(frame.message_id) ?? '';
    const question = this.#questions.get(id);
    if (!question) return false;
    const isError = frame.type === 'ERROR';
    if (!isError) question.parts[Number(frame.part ?? 1)] = frame;
    // In the order of their numbers.
    const parts = Object.values(question.parts);
    if (!isError && !isWhole(parts)) return true;
    this.#questions.delete(id);
    if (isError) question.reject(new PubSubError(String(frame.code), text(frame.error)));
    else question.answered(parts);
    return true;
  }
}

/** The parts of a HISTORY may overtake each other; every other answer is one frame. */
function isWhole(parts: readonly Frame[]): boolean {
  const last = parts.at(-1);
  return last?.part === undefined || (last.last === true && last.part === parts.length);
}
