/**
 * The frames' types as JSON Schema. The tags in the comments of the types are its keywords.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  type BaseType,
  createFormatter,
  createParser,
  createProgram,
  type CompletedConfig,
  DEFAULT_CONFIG,
  SchemaGenerator,
  StringType,
  type SubNodeParser,
} from 'ts-json-schema-generator';
import ts from 'typescript';

export type Json = Readonly<Record<string, unknown>>;

/** Who sends the frame. */
export type Sender = 'client' | 'server';

export interface FrameSchema {
  readonly sender: Sender;
  /** Of its file in `protocol/frames`. */
  readonly name: string;
  /** Of its type. */
  readonly type: string;
  readonly examples: readonly Json[];
  /** Its type and all that it refers to, by their names; the references begin with `#/definitions/`. */
  readonly definitions: Readonly<Record<string, Json>>;
}

const protocol = path.resolve(__dirname, '..');
const folder = path.join(protocol, 'frames');

/** Every file with examples, and the type that they have. */
const examplesOf = /^export const examples: readonly (\w+)\[\]/m;

export type Generators = Readonly<Record<Sender, SchemaGenerator>>;

/** A client may send fields that its frame does not list; the service does not. */
export function makeGenerators(): Generators {
  const files = (sender: Sender): string => path.join(protocol, `{frames/${sender},http}/*.ts`);
  return { client: generatorFor(files('client'), true), server: generatorFor(files('server'), false) };
}

export async function framesOf(generators: Generators, sender: Sender): Promise<readonly FrameSchema[]> {
  const generator = generators[sender];
  const frames: FrameSchema[] = [];
  for (const file of readdirSync(path.join(folder, sender)).sort()) {
    const source = path.join(folder, sender, file);
    const type = examplesOf.exec(readFileSync(source, 'utf8'))?.[1];
    if (type === undefined) continue;
    const { examples } = (await import(source)) as { readonly examples: readonly Json[] };
    const definitions = generator.createSchema(type).definitions as FrameSchema['definitions'];
    frames.push({ sender, name: path.basename(file, '.ts'), type, examples, definitions });
  }
  return frames;
}

/** Bodies of HTTP by the names of their types, with all that they refer to. Throws when two of one name differ. */
export function bodiesOf(
  generators: Generators,
  types: Readonly<Record<Sender, readonly string[]>>,
): Readonly<Record<string, Json>> {
  const found: Record<string, Json> = {};
  for (const sender of ['client', 'server'] as const) {
    for (const type of types[sender]) {
      const definitions = generators[sender].createSchema(type).definitions as FrameSchema['definitions'];
      for (const [name, schema] of Object.entries(definitions)) {
        if (found[name] !== undefined && JSON.stringify(found[name]) !== JSON.stringify(schema))
          throw new Error(`Two types ${name} of HTTP differ`);
        found[name] = schema;
      }
    }
  }
  return found;
}

function generatorFor(files: string, isOpen: boolean): SchemaGenerator {
  const config: CompletedConfig = {
    ...DEFAULT_CONFIG,
    path: files,
    tsconfig: path.resolve(__dirname, '../../tsconfig.json'),
    skipTypeCheck: true,
    additionalProperties: isOpen,
    extraTags: ['additionalProperties', 'dependentRequired'],
  };
  const program = createProgram(config);
  const parser = createParser(program, config, (chain) => {
    chain.addNodeParser(lowercase);
  });
  return new SchemaGenerator(program, parser, createFormatter(config), config);
}

/** `Lowercase<string>`, whose pattern is in a tag. The generator knows it of literals only. */
const lowercase: SubNodeParser = {
  supportsNode: (node) =>
    ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName) && node.typeName.text === 'Lowercase',
  createType: (): BaseType => new StringType(),
};
