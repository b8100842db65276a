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

const folder = path.resolve(__dirname, '../frames');

/** Every file with examples, and the type that they have. */
const examplesOf = /^export const examples: readonly (\w+)\[\]/m;

/** A client may send fields that its frame does not list; the service does not. */
export async function framesOf(sender: Sender): Promise<readonly FrameSchema[]> {
  const generator = generatorFor(path.join(folder, sender, '*.ts'), sender === 'client');
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
