/**
 * Every block of code in the pages that a user begins with, and every `@example`, compiles with the types of the SDK.
 * That the first ones run is tested in test/examples.
 */
import path from 'node:path';
import ts from 'typescript';
import { blocksIn, blocksOfPage, type CodeBlock, examplesOfSdk } from './code-blocks';

const root = path.resolve(__dirname, '../..');

/** What the reader has: names that blocks use without declaring them. Blocks may declare them all the same. */
const prelude = `
import type { PubSub as Client } from '@artcafe/pubsub';
declare global {
  const url: string;
  const baseUrl: string;
  const token: string;
  const bus: Client;
  const orders: Map<unknown, object>;
  function fetchToken(): Promise<string>;
  function answerTo(question: string): Promise<string>;
  function askForTheGrant(): void;
}
`;
/** Examples of the SDK begin after this. One line, so that the places of complaints stay. */
const sdkImports = [
  "import { PubSub, PubSubError, RequestError } from '@artcafe/pubsub';",
  "import { ArtCafeWebSocketClient } from '@artcafe/pubsub/original';",
  "import { FileCursor } from '@artcafe/pubsub/cursors/file';",
  "import { LocalStorageCursor } from '@artcafe/pubsub/cursors/local-storage';",
].join(' ');

const options: ts.CompilerOptions = {
  noEmit: true,
  strict: true,
  // Blocks of JavaScript have no types to write down.
  allowJs: true,
  checkJs: true,
  noImplicitAny: false,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ['node'],
  // The sources, so that nothing has to be built before.
  paths: {
    '@artcafe/pubsub': [path.join(root, 'clients/javascript/index.ts')],
    '@artcafe/pubsub/*': [path.join(root, 'clients/javascript/*.ts')],
  },
};

const pages = ['README.md', 'clients/javascript/README.md'].flatMap(blocksOfPage);
const examples = examplesOfSdk().map((block) => ({ ...block, code: `${sdkImports} ${block.code}` }));
const faulty = blocksIn(
  [
    '```ts\nawait bus.channel("c").publsh(1);\n```',
    '```ts\nawait bus.agent("b").request("x", { timeout: "5s" });\n```',
    '```js\nimport { PubSub } from "@artcafe/pubsub";\nnew PubSub({ url: 5, token });\n```',
    '```js\nconsole.log(nothingOfThisName, PubSub);\n```',
    '```sh\nnpm ci\n```',
  ].join('\n\n'),
  'faulty',
);

/** Of the compiler, each with the place of its block. One program for all blocks takes a third of the time. */
let complaints: readonly string[];

beforeAll(() => {
  complaints = compile([...pages, ...examples, ...faulty]);
});

/** The files exist in memory only. */
function compile(blocks: readonly CodeBlock[]): string[] {
  const given = path.join(root, 'prelude.ts');
  const files = new Map([[given, prelude]]);
  blocks.forEach(({ language, code }, index) => {
    files.set(path.join(root, `block-${index}.${language}`), code);
  });
  const program = ts.createProgram([...files.keys()], options, hostWith(files));
  const found = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()];
  expect(found.map(({ messageText }) => messageText)).toEqual([]);
  return [...files.keys()].flatMap((name, index) => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ start = 0, messageText }) => {
        const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line;
        const place = blocks[index - 1]?.place ?? 'prelude:1';
        return `${placeOf(place, line)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
      },
    );
  });
}

/** The line of a file, from that of a block in it and the line in the block, counted from 0. */
function placeOf(place: string, line: number): string {
  const [file = '', first] = place.split(':');
  return `${file}:${Number(first) + line}`;
}

function hostWith(files: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const disk = { ...host };
  return Object.assign(host, {
    fileExists: (name: string) => files.has(name) || disk.fileExists(name),
    readFile: (name: string) => files.get(name) ?? disk.readFile(name),
    getSourceFile: (name: string, version: ts.ScriptTarget) => {
      const text = files.get(name);
      return text === undefined
        ? disk.getSourceFile(name, version)
        : ts.createSourceFile(name, text, version);
    },
  });
}

const complaintsAbout = (file: RegExp): readonly string[] => complaints.filter((text) => file.test(text));

test('blocks of the pages compile, with the SDK imported by those that use it', () => {
  expect(pages.length).toBeGreaterThanOrEqual(8);
  expect(complaintsAbout(/^(client\/)?README\.md:/)).toEqual([]);
});

test('examples in the descriptions of the SDK compile', () => {
  expect(examples.length).toBeGreaterThanOrEqual(13);
  expect(complaintsAbout(/^client\/\S+\.ts:/)).toEqual([]);
});

test('a wrong name, a wrong type and a name that nobody declares or imports are found by their places', () => {
  const places = complaints.map((text) => text.split(': ')[0]).filter((place) => place?.startsWith('faulty'));
  expect(places).toEqual(['faulty:2', 'faulty:6', 'faulty:11', 'faulty:15', 'faulty:15']);
  expect(complaintsAbout(/^(?!faulty|client|README)/)).toEqual([]);
});
