/** Reads the query of a request (HTTP-12). A parameter that is not listed is refused: a misspelt filter would match everything. */
import { type Cursor, isJsonObject, type Position } from '../../protocol/index';
import { refuse } from './http-problem';

export type Query<Name extends string> = Readonly<Partial<Record<Name, string>>>;

/** @throws HttpProblem */
export function readQuery<const Name extends string>(url: string, names: readonly Name[]): Query<Name> {
  const query: Partial<Record<Name, string>> = {};
  for (const [name, value] of new URL(url).searchParams) {
    const known = names.find((each) => each === name);
    if (known === undefined)
      throw refuse('invalid_message', `The query has nothing but ${names.join(', ') || 'nothing'}`);
    if (query[known] !== undefined) throw refuse('invalid_message', `"${known}" is given more than once`);
    query[known] = value;
  }
  return query;
}

/** @throws HttpProblem */
export function readLimit(text: string | undefined, most: number, usual = most): number {
  if (text === undefined) return usual;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > most) throw refuse('invalid_message', `"limit" must be from 1 to ${most}`);
  return limit;
}

export function toCursor(value: string | Position): Cursor {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** @throws HttpProblem */
export function textInCursor(
  name: string,
  cursor: string | undefined,
  isRight: (text: unknown) => text is string,
): string | undefined {
  if (cursor === undefined) return undefined;
  const value = valueIn(cursor);
  if (!isRight(value)) throw wrongCursor(name);
  return value;
}

/** @throws HttpProblem */
export function positionInCursor(name: string, cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined;
  const value = valueIn(cursor);
  if (!isJsonObject(value)) throw wrongCursor(name);
  const { epoch, sequence } = value;
  if (typeof epoch !== 'string' || !Number.isSafeInteger(sequence) || (sequence as number) < 0)
    throw wrongCursor(name);
  return { epoch, sequence: sequence as number };
}

function valueIn(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}

function wrongCursor(name: string) {
  return refuse('invalid_message', `"${name}" must be a cursor of an earlier answer`);
}
