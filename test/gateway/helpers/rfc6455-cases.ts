/**
 * What RFC 6455 asks of a server, as data: bytes that a client sends, and what has to come back.
 * The chapters follow those of the public Autobahn case list; words and frames are our own.
 */

export interface FrameFixture {
  opcode: number;
  payload?: Buffer | string;
  /** Default true. */
  isLast?: boolean;
  /** The three reserved bits, 0 to 7. */
  reserved?: number;
  isMasked?: boolean;
  /** Written instead of the true length of the payload. */
  claimedLength?: bigint;
}

export interface Case {
  title: string;
  send: FrameFixture[];
  /** Bytes per write; default: all at once. */
  step?: number;
  expect: Expected;
}

export interface Expected {
  /** Texts that reach the function, and come back while the connection is open, in whatever order. */
  texts?: (string | Buffer)[];
  /** Payloads of pongs, in order. */
  pongs?: (string | Buffer)[];
  /** Code of the server's close frame; `empty` when it has none; absent: the connection stays open. */
  close?: number | 'empty';
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const text = (payload: Buffer | string, more: Partial<FrameFixture> = {}): FrameFixture => ({
  opcode: opcodes.text,
  payload,
  ...more,
});
const next = (payload: Buffer | string, isLast = false): FrameFixture => ({
  opcode: opcodes.continuation,
  payload,
  isLast,
});
const first = (payload: Buffer | string): FrameFixture => text(payload, { isLast: false });
const ping = (payload: Buffer | string = '', more: Partial<FrameFixture> = {}): FrameFixture => ({
  opcode: opcodes.ping,
  payload,
  ...more,
});
const pong = (payload: Buffer | string = ''): FrameFixture => ({ opcode: opcodes.pong, payload });
const closing = (code?: number, reason: Buffer | string = ''): FrameFixture => {
  const head = Buffer.alloc(code === undefined ? 0 : 2);
  if (code !== undefined) head.writeUInt16BE(code);
  return { opcode: opcodes.close, payload: Buffer.concat([head, Buffer.from(reason)]) };
};
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

const lengths = [0, 1, 125, 126, 127, 128, 32_768];
const framing: Case[] = [
  ...lengths.map((length) => ({
    title: `a text of ${length} bytes`,
    send: [text('*'.repeat(length))],
    expect: { texts: ['*'.repeat(length)] },
  })),
  ...[126, 300].map((length) => ({
    title: `a text of ${length} bytes that arrives byte by byte`,
    send: [text('*'.repeat(length))],
    step: 1,
    expect: { texts: ['*'.repeat(length)] },
  })),
  {
    title: 'a text of 30,000 bytes in pieces of 997',
    send: [text('*'.repeat(30_000))],
    step: 997,
    expect: { texts: ['*'.repeat(30_000)] },
  },
  {
    title: 'three texts in one packet',
    send: [text('a'), text('b'), text('c')],
    expect: { texts: ['a', 'b', 'c'] },
  },
  { title: 'an unmasked text', send: [text('a', { isMasked: false })], expect: { close: 1002 } },
  { title: 'an unmasked ping', send: [ping('a', { isMasked: false })], expect: { close: 1002 } },
];

/** What AWS adds to the standard: no binary messages, 32 KB per frame, 128 KB per message. */
const platform: Case[] = [
  ...[0, 1, 125, 126, 32_768].map((length) => ({
    title: `a binary message of ${length} bytes`,
    send: [{ opcode: opcodes.binary, payload: Buffer.alloc(length, 0xfe) }],
    expect: { close: 1003 },
  })),
  {
    title: 'a binary message in two frames',
    send: [{ opcode: opcodes.binary, payload: 'a', isLast: false }, next('b', true)],
    expect: { close: 1003 },
  },
  {
    title: 'a text and then a binary message',
    send: [text('a'), { opcode: opcodes.binary, payload: 'b' }],
    expect: { texts: ['a'], close: 1003 },
  },
  { title: 'a frame of 32,769 bytes', send: [text('*'.repeat(32_769))], expect: { close: 1009 } },
  { title: 'a frame of 65,536 bytes', send: [text('*'.repeat(65_536))], expect: { close: 1009 } },
  {
    title: 'a frame that claims 2^63 - 1 bytes',
    send: [text('*', { claimedLength: 2n ** 63n - 1n })],
    expect: { close: 1009 },
  },
  {
    title: 'a message of five frames of 32,768 bytes',
    send: [
      first('*'.repeat(32_768)),
      ...Array.from({ length: 3 }, () => next('*'.repeat(32_768))),
      next('*', true),
    ],
    expect: { close: 1009 },
  },
];

const pings: Case[] = [
  { title: 'an empty ping', send: [ping()], expect: { pongs: [''] } },
  { title: 'a ping with text', send: [ping('here?')], expect: { pongs: ['here?'] } },
  {
    title: 'a ping with any bytes',
    send: [ping(bytes('00 ff fe fd fc 80'))],
    expect: { pongs: [bytes('00 ff fe fd fc 80')] },
  },
  { title: 'a ping of 125 bytes', send: [ping('p'.repeat(125))], expect: { pongs: ['p'.repeat(125)] } },
  { title: 'a ping of 126 bytes', send: [ping('p'.repeat(126))], expect: { close: 1002 } },
  {
    title: 'a ping of 125 bytes that arrives byte by byte',
    send: [ping('p'.repeat(125))],
    step: 1,
    expect: { pongs: ['p'.repeat(125)] },
  },
  { title: 'a pong nobody asked for', send: [pong(), pong('x'), ping('y')], expect: { pongs: ['y'] } },
  {
    title: 'ten pings',
    send: Array.from({ length: 10 }, (_, index) => ping(String(index))),
    expect: { pongs: Array.from({ length: 10 }, (_, index) => String(index)) },
  },
  {
    title: 'ten pings byte by byte',
    send: Array.from({ length: 10 }, (_, index) => ping(String(index))),
    step: 1,
    expect: { pongs: Array.from({ length: 10 }, (_, index) => String(index)) },
  },
];

const reservedBits: Case[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map((reserved) => ({
    title: `a text with reserved bits ${reserved.toString(2).padStart(3, '0')}`,
    send: [text('first'), text('second', { reserved })],
    expect: { texts: ['first'], close: 1002 },
  })),
  { title: 'a ping with a reserved bit', send: [ping('a', { reserved: 1 })], expect: { close: 1002 } },
  {
    title: 'a close with a reserved bit',
    send: [{ ...closing(1000), reserved: 4 }],
    expect: { close: 1002 },
  },
];

const unknownOpcodes: Case[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
  { title: `opcode ${opcode} without a payload`, send: [{ opcode }], expect: { close: 1002 } },
  {
    title: `opcode ${opcode} with a payload, between two texts`,
    send: [text('first'), { opcode, payload: 'x' }, text('second')],
    expect: { texts: ['first'], close: 1002 },
  },
]);

const fragmentation: Case[] = [
  { title: 'a text in two frames', send: [first('ab'), next('cd', true)], expect: { texts: ['abcd'] } },
  {
    title: 'a text in two frames byte by byte',
    send: [first('ab'), next('cd', true)],
    step: 1,
    expect: { texts: ['abcd'] },
  },
  {
    title: 'a text in frames of which some are empty',
    send: [first(''), next('a'), next(''), next('b'), next('', true)],
    expect: { texts: ['ab'] },
  },
  {
    title: 'a ping between the frames of a text',
    send: [first('ab'), ping('now'), next('cd', true)],
    expect: { texts: ['abcd'], pongs: ['now'] },
  },
  {
    title: 'pings and pongs between five frames',
    send: [first('a'), ping('1'), next('b'), next('c'), ping('2'), pong('x'), next('d'), next('e', true)],
    expect: { texts: ['abcde'], pongs: ['1', '2'] },
  },
  {
    title: 'a ping in two frames',
    send: [ping('a', { isLast: false }), next('b', true)],
    expect: { close: 1002 },
  },
  {
    title: 'a pong in two frames',
    send: [{ ...pong('a'), isLast: false }, next('b', true)],
    expect: { close: 1002 },
  },
  {
    title: 'a close in two frames',
    send: [{ ...closing(1000), isLast: false }, next('b', true)],
    expect: { close: 1002 },
  },
  { title: 'a continuation of nothing, last', send: [next('a', true), text('b')], expect: { close: 1002 } },
  { title: 'a continuation of nothing, not last', send: [next('a'), text('b')], expect: { close: 1002 } },
  {
    title: 'a continuation after a finished message',
    send: [first('a'), next('b', true), next('c', true)],
    expect: { texts: ['ab'], close: 1002 },
  },
  { title: 'a new text inside an unfinished one', send: [first('a'), text('b')], expect: { close: 1002 } },
  {
    title: 'a new unfinished text inside an unfinished one',
    send: [first('a'), first('b')],
    expect: { close: 1002 },
  },
  {
    title: 'a binary frame inside an unfinished text',
    send: [first('a'), { opcode: opcodes.binary, payload: 'b' }],
    expect: { close: 1002 },
  },
];

const validTexts: [string, string][] = [
  ['two, three and four bytes per character', 'aäé ｶﾀｶﾅ 漢字 😀👩‍🚀'],
  ['the first character of each length', '\u0000\u0080\u0800\u{10000}'],
  ['the last character of each length', '\u007f\u07ff\uffff\u{10ffff}'],
  ['both neighbours of the surrogates', '\ud7ff\ue000'],
  ['a byte order mark and noncharacters', '\ufeff\ufffe\uffff\u{1fffe}\ufdd0'],
];
const invalidBytes: [string, string][] = [
  ['a lone continuation byte', '61 80 62'],
  ['the last continuation byte', 'bf'],
  ['a two-byte character cut short', '61 c3'],
  ['a three-byte character cut short', 'e2 82'],
  ['a four-byte character cut short', 'f0 9f 98'],
  ['a start byte where a continuation belongs', 'c3 c3 a4'],
  ['a slash in two bytes', 'c0 af'],
  ['a slash in three bytes', 'e0 80 af'],
  ['a slash in four bytes', 'f0 80 80 af'],
  ['the longest overlong form of two bytes', 'c1 bf'],
  ['a NUL in two bytes', 'c0 80'],
  ['the first surrogate', 'ed a0 80'],
  ['the last surrogate', 'ed bf bf'],
  ['a pair of surrogates', 'ed a0 bd ed b8 80'],
  ['a character above U+10FFFF', 'f4 90 80 80'],
  ['a five-byte form', 'f8 88 80 80 80'],
  ['a six-byte form', 'fc 84 80 80 80 80'],
  ['the byte fe', 'fe'],
  ['the byte ff', '61 ff 62'],
];
const utf8: Case[] = [
  ...validTexts.flatMap(([title, value]) => [
    { title, send: [text(value)], expect: { texts: [value] } },
    {
      title: `${title}, one byte per frame`,
      send: [first(''), ...[...Buffer.from(value)].map((byte) => next(Buffer.of(byte))), next('', true)],
      expect: { texts: [value] },
    },
  ]),
  ...invalidBytes.flatMap(([title, hex]) => [
    { title, send: [text(bytes(hex))], expect: { close: 1007 } },
    {
      title: `${title}, one byte per frame`,
      send: [first(''), ...[...bytes(hex)].map((byte) => next(Buffer.of(byte))), next('', true)],
      expect: { close: 1007 },
    },
  ]),
];

/** Codes that an endpoint may send, and those of the ranges for libraries and applications. */
const validCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const invalidCodes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535];
const closeHandling: Case[] = [
  { title: 'a close without a code', send: [closing()], expect: { close: 'empty' } },
  ...validCodes.map((code) => ({
    title: `the code ${code}`,
    send: [closing(code, 'bye')],
    expect: { close: code },
  })),
  ...invalidCodes.map((code) => ({
    title: `the code ${code}, which may not be sent`,
    send: [closing(code)],
    expect: { close: 1002 },
  })),
  {
    title: 'a payload of one byte',
    send: [{ opcode: opcodes.close, payload: 'x' }],
    expect: { close: 1002 },
  },
  { title: 'a reason of 123 bytes', send: [closing(1000, 'r'.repeat(123))], expect: { close: 1000 } },
  { title: 'a reason of 124 bytes', send: [closing(1000, 'r'.repeat(124))], expect: { close: 1002 } },
  {
    title: 'a reason that is not UTF-8',
    send: [closing(1000, bytes('ce ba ed a0 80'))],
    expect: { close: 1007 },
  },
  { title: 'two closes', send: [closing(1000), closing(1001)], expect: { close: 1000 } },
  { title: 'a text after the close', send: [closing(1000), text('late')], expect: { close: 1000 } },
  { title: 'a ping after the close', send: [closing(1000), ping('late')], expect: { close: 1000 } },
  {
    title: 'a close inside an unfinished text',
    send: [first('a'), closing(1000), next('b', true)],
    expect: { close: 1000 },
  },
  {
    title: 'a text and then a close',
    send: [text('a'), closing(1000)],
    expect: { texts: ['a'], close: 1000 },
  },
];

export const chapters: [string, Case[]][] = [
  ['1 framing', framing],
  ['2 pings and pongs', pings],
  ['3 reserved bits', reservedBits],
  ['4 opcodes', unknownOpcodes],
  ['5 fragmentation', fragmentation],
  ['6 UTF-8', utf8],
  ['7 close', closeHandling],
  ['the platform: 1003 and 1009', platform],
];
