/**
 * The files of `docs/schema`: a JSON Schema (2020-12) for each frame, the AsyncAPI document of all, and the OpenAPI document of HTTP.
 */
import path from 'node:path';
import { asyncApi } from './asyncapi';
import { bodiesOf, framesOf, type FrameSchema, type Json, makeGenerators } from './json-schema';
import { bodyTypes, openApi } from './openapi';

export const schemaFolder = path.resolve(__dirname, '../../docs/schema');

/** The texts of the files, by their paths in the folder. */
export async function schemaFiles(): Promise<ReadonlyMap<string, string>> {
  const generators = makeGenerators();
  const frames = [...(await framesOf(generators, 'client')), ...(await framesOf(generators, 'server'))];
  return new Map([
    ...frames.map((frame) => [`${frame.sender}/${frame.name}.json`, textOf(jsonSchema(frame))] as const),
    ['asyncapi.json', textOf(asyncApi(frames))],
    ['openapi.json', textOf(openApi(bodiesOf(generators, bodyTypes)))],
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
