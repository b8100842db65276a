/** Answers as servers may write them (RFC 9112), however they are cut on the way. */
import fc from 'fast-check';
import { AnswerReader, type Progress } from '../../lambda/aws/calls/answer-reader';

const json = '{"message":"Gone"}';

/** Each once, with what it has to be taken for. */
const answers: [string, string, number | undefined, Progress][] = [
  ['no body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200, 'whole'],
  ['a body', `HTTP/1.1 410 Gone\r\ncontent-length:${json.length}\r\nx: y\r\n\r\n${json}`, 410, 'whole'],
  ['no reason', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', 200, 'whole'],
  ['204 without a length', 'HTTP/1.1 204 No Content\r\n\r\n', 204, 'whole'],
  ['bytes above ASCII', 'HTTP/1.1 500 \r\nContent-Length: 2\r\n\r\nä', 500, 'whole'],
  [
    'chunks',
    'HTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n',
    429,
    'whole',
  ],
  [
    'chunks with fields behind them',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-sum: 1\r\n\r\n',
    200,
    'whole',
  ],
  [
    'a chunk that looks like an end',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n0\r\n\r\nxx\r\n0\r\n\r\n',
    200,
    'whole',
  ],
  [
    'interim answers before it',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    200,
    'whole',
  ],
  [
    'a field whose name ends in that of another',
    'HTTP/1.1 200 OK\r\nx-content-length: 9\r\nContent-Length: 0\r\nx-connection: close\r\n\r\n',
    200,
    'whole',
  ],
  [
    'a length that stands in the body',
    'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n\r\ncontent-length: 9999',
    200,
    'whole',
  ],
  [
    'a server that closes',
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n',
    200,
    'last',
  ],
  ['no length', 'HTTP/1.1 200 OK\r\n\r\n', 200, 'last'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n', 200, 'last'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', 200, 'last'],
  [
    'a length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n',
    200,
    'last',
  ],
  ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 200, 'last'],
  ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 200, 'last'],
  ['another version', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', undefined, 'last'],
  ['another protocol', '220 mail ESMTP\r\n\r\n', undefined, 'last'],
  ['a change of protocols', 'HTTP/1.1 101 Switching\r\n\r\n', undefined, 'last'],
  ['a status that is none', 'HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n', undefined, 'last'],
];

/** Reads until the reader has had enough; how far that was counts as well. */
function readIn(pieces: readonly Buffer[]): {
  status: number | undefined;
  progress: Progress;
  unread: number;
} {
  const reader = new AnswerReader();
  const rest = [...pieces];
  let progress: Progress = 'more';
  for (let piece = rest.shift(); piece !== undefined; piece = rest.shift()) {
    progress = reader.read(piece);
    if (progress !== 'more') break;
  }
  return { status: reader.status, progress, unread: rest.reduce((sum, { length }) => sum + length, 0) };
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [0, ...ends]
    .map((start, index) => bytes.subarray(start, ends[index]))
    .filter(({ length }) => length);
}

test.each(answers)('%s', (_name, text, status, progress) => {
  expect(readIn([Buffer.from(text)])).toEqual({ status, progress, unread: 0 });
});

test('an answer is the same however it is cut, and is over with its last byte', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...answers.filter(([, , , progress]) => progress === 'whole')),
      fc.array(fc.nat(), { maxLength: 8 }),
      ([, text, status], places) => {
        expect(readIn(cutAt(Buffer.from(text), places))).toEqual({ status, progress: 'whole', unread: 0 });
      },
    ),
  );
});

test.each(answers.filter(([, , , progress]) => progress === 'whole'))('%s, not all of it', (_name, text) => {
  const bytes = Buffer.from(text);
  for (let length = 1; length < bytes.length; length++) {
    expect([length, readIn([bytes.subarray(0, length)]).progress]).toEqual([length, 'more']);
  }
});

test('what follows an answer unasked ends the use of the socket', () => {
  fc.assert(
    fc.property(fc.constantFrom(...answers), fc.string({ minLength: 1 }), ([, text, status], more) => {
      expect(readIn([Buffer.from(text + more)])).toMatchObject({ status, progress: 'last' });
    }),
  );
});

test('an answer without an end is not kept in memory', () => {
  const reader = new AnswerReader();
  const piece = Buffer.alloc(10_000, 'x');
  const seen: Progress[] = [];
  for (let pieces = 0; pieces < 7; pieces++) seen.push(reader.read(piece));
  expect(seen).toEqual([...Array<Progress>(6).fill('more'), 'last']);
});

test('bytes of any kind do no harm', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (pieces) => {
      readIn(pieces.map((piece) => Buffer.from(piece)));
    }),
  );
});

test('starts again for the next call', () => {
  const reader = new AnswerReader();
  reader.read(Buffer.from('HTTP/1.1 410 Gone\r\nContent-Length: 5\r\n\r\nabc'));
  expect([reader.status, reader.hasReceived]).toEqual([410, true]);
  reader.reset();
  expect([reader.status, reader.hasReceived]).toEqual([undefined, false]);
  expect(reader.read(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'))).toBe('whole');
  expect(reader.status).toBe(204);
});
