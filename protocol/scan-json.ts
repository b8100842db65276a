/**
 * Looks over a long JSON text without parsing it: how deep it is, how many values it has, and its frame's id. A text of
 * 128 KB can hold so much that only reading it would take long; this look takes a fraction of a millisecond.
 */
import { limits } from './limits';

export interface JsonScan {
  /** Open arrays and objects at the deepest place. */
  readonly depth: number;
  /** Elements, fields and names of fields of all arrays and objects. */
  readonly values: number;
  /** Of the one frame; a batch has none. */
  readonly id: unknown;
}

const open = { array: 91, object: 123 } as const;
const close = { array: 93, object: 125 } as const;
const comma = 44;
const colon = 58;
const quote = 34;
const backslash = 92;
/** What may stand between two tokens: nothing above the space. */
const space = 32;
const idValue = /\s*:\s*("(?:[^"\\]|\\.){0,1024}"|-?\d[\d.eE+-]{0,40})/y;

/** Of any text; says something about JSON only. Such a text has no value that is shorter than a character. */
export function scanJson(text: string): JsonScan {
  let depth = 0;
  let deepest = 0;
  let values = 0;
  let id: unknown;
  let isFresh = false;
  const isFrame = text.trimStart().startsWith('{');
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= space) continue;
    if (code === close.array || code === close.object) {
      depth -= 1;
      isFresh = false;
      continue;
    }
    // The first token in an array or object begins a value, as does each comma; a colon ends a name.
    if (isFresh || code === comma || code === colon) values += 1;
    isFresh = code === open.array || code === open.object;
    if (isFresh) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (code === quote) {
      const end = endOfString(text, at);
      if (depth === 1 && isFrame && text.startsWith('"id"', at)) id = scalarAfter(text, end) ?? id;
      at = end - 1;
    }
  }
  return { depth: deepest, values, id };
}

/** Whether a text may be beyond a limit of `scanJson` at all: a value takes a character at least, a level two. */
export function needsScan(text: string): boolean {
  return text.length > Math.min(limits.values, 2 * limits.textDepth);
}

/** Behind the closing quote; the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
}

function scalarAfter(text: string, at: number): unknown {
  idValue.lastIndex = at;
  const written = idValue.exec(text)?.[1];
  if (written === undefined) return undefined;
  try {
    return JSON.parse(written);
  } catch {
    return undefined;
  }
}
