/**
 * The patterns of CloudWatch metric filters for JSON lines, such as `{ ($.event = "refused") && ($.ms > 5) }`.
 * Source: CloudWatch Logs, "Filter pattern syntax for metric filters": a field that is absent matches no comparison.
 */
import { GatewayError } from '../gateway-error';
import { type JsonObject, valueAt } from '../json';

export type LineTest = (line: JsonObject) => boolean;

const token =
  /\s*(\(|\)|&&|\|\||!=|<=|>=|=|<|>|"(?:[^"\\]|\\.)*"|\$(?:\.\w+|\[\d+\])+|EXISTS|NOT|IS|TRUE|FALSE|[-+\w.*]+)/y;

/**
 * `undefined` for a pattern that is not for JSON lines.
 * @throws GatewayError when it is for JSON lines and cannot be evaluated
 */
export function parsePattern(text: string): LineTest | undefined {
  const [, inner] = /^\s*\{(.*)\}\s*$/s.exec(text) ?? [];
  if (inner === undefined) return undefined;
  const parser = new Parser(tokensOf(inner, text), text);
  return parser.parse();
}

function tokensOf(inner: string, whole: string): string[] {
  const tokens: string[] = [];
  const pattern = new RegExp(token);
  while (pattern.lastIndex < inner.trimEnd().length) {
    const [, found] = pattern.exec(inner) ?? [];
    if (found === undefined) throw notUnderstood(whole);
    tokens.push(found);
  }
  return tokens;
}

class Parser {
  private at = 0;

  constructor(
    private readonly tokens: readonly string[],
    private readonly text: string,
  ) {}

  parse(): LineTest {
    const test = this.any();
    if (this.at < this.tokens.length) throw notUnderstood(this.text);
    return test;
  }

  private any(): LineTest {
    const tests = [this.all()];
    while (this.takes('||')) tests.push(this.all());
    return (line) => tests.some((test) => test(line));
  }

  private all(): LineTest {
    const tests = [this.one()];
    while (this.takes('&&')) tests.push(this.one());
    return (line) => tests.every((test) => test(line));
  }

  private one(): LineTest {
    if (this.takes('(')) {
      const test = this.any();
      if (!this.takes(')')) throw notUnderstood(this.text);
      return test;
    }
    const selector = this.next();
    if (!selector.startsWith('$')) throw notUnderstood(this.text);
    if (this.takes('EXISTS')) return (line) => valueAt(line, selector) !== undefined;
    if (this.takes('NOT') && this.takes('EXISTS')) return (line) => valueAt(line, selector) === undefined;
    if (this.takes('IS')) {
      const wanted = this.next() === 'TRUE';
      return (line) => valueAt(line, selector) === wanted;
    }
    const compare = comparison(this.next(), this.next());
    if (compare === undefined) throw notUnderstood(this.text);
    return (line) => {
      const value = valueAt(line, selector);
      return value !== undefined && compare(value);
    };
  }

  private next(): string {
    return this.tokens[this.at++] ?? '';
  }

  private takes(expected: string): boolean {
    if (this.tokens[this.at] !== expected) return false;
    this.at += 1;
    return true;
  }
}

function comparison(operator: string, operand: string): ((value: unknown) => boolean) | undefined {
  const isQuoted = operand.startsWith('"');
  const number = isQuoted ? NaN : Number(operand);
  if (operator === '=' || operator === '!=') {
    const equals = Number.isNaN(number)
      ? matchesText(isQuoted ? operand.slice(1, -1) : operand)
      : (value: unknown) => value === number;
    return operator === '=' ? equals : (value) => !equals(value);
  }
  if (Number.isNaN(number)) return undefined;
  const numeric: Readonly<Record<string, (value: number) => boolean>> = {
    '<': (value) => value < number,
    '<=': (value) => value <= number,
    '>': (value) => value > number,
    '>=': (value) => value >= number,
  };
  const compare = numeric[operator];
  return compare && ((value) => typeof value === 'number' && compare(value));
}

/** `*` stands for any text. Numbers are compared with a text by their digits. */
function matchesText(text: string): (value: unknown) => boolean {
  const source = text
    .split('*')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  const pattern = new RegExp(`^${source}$`, 's');
  return (value) =>
    text === '*' || ((typeof value === 'string' || typeof value === 'number') && pattern.test(String(value)));
}

function notUnderstood(text: string): GatewayError {
  return new GatewayError(
    `The gateway cannot evaluate the pattern of a metric filter: ${text}`,
    'It supports comparisons of fields, EXISTS, IS TRUE, && and ||.',
  );
}
