/**
 * The files of `docs/schema`: a JSON Schema (2020-12) for each frame, and the AsyncAPI document of all.
 */
import path from 'node:path';
import { asyncApi } from './asyncapi';
import { framesOf, type FrameSchema, type Json } from './json-schema';

export const schemaFolder = path.resolve(__dirname, '../../docs/schema');

/** The texts of the files, by their paths in the folder. */
export async function schemaFiles(): Promise<ReadonlyMap<string, string>> {
  const frames = [...(await framesOf('client')), ...(await framesOf('server'))];
  return new Map([
    ...frames.map((frame) => [`${frame.sender}/${frame.name}.json`, textOf(jsonSchema(frame))] as const),
    ['asyncapi.json', textOf(asyncApi(frames))],
  ]);
}

function jsonSchema({ sender, name, type, examples, definitions }: FrameSchema): Json {
  const text = JSON.stringify(definitions).replaceAll('"#/definitions/', '"#/$defs/');
  const { [type]: frame, ...defs } = JSON.parse(text) as Readonly<Record<string, Json>>;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `${name}, from the ${sender}`,
    ...frame,
    examples,
    $defs: defs,
  };
}

function textOf(value: Json): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
