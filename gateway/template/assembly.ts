/**
 * Reads a CDK cloud assembly from disk: picks the stack, loads its template, finds its assets. Depends on the layout
 * of `cdk.out` only.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { GatewayError } from '../gateway-error';
import { codeOf, isObject, type JsonObject, messageOf, objectOr } from '../json';

const synthesize = 'Synthesize the app again (cdk synth) and pass its output folder.';

export interface Assembly {
  stackName: string;
  template: JsonObject;
  /** The folder of an asset by its path in the resource's metadata, or by the key of its upload. */
  assetFolder(metadataPath: unknown, uploadKey: unknown): string | undefined;
}

export function readAssembly(folder: string, stack: string | undefined): Assembly {
  const manifest = readJson(join(folder, 'manifest.json'));
  const stacks = Object.entries(objectOr(manifest.artifacts)).flatMap(([id, artifact]) =>
    isObject(artifact) && artifact.type === 'aws:cloudformation:stack'
      ? [{ id, properties: objectOr(artifact.properties) }]
      : [],
  );
  const nameOf = ({ id, properties }: (typeof stacks)[number]): string =>
    typeof properties.stackName === 'string' ? properties.stackName : id;
  const matching = stacks.filter(
    (each) => stack === undefined || each.id === stack || nameOf(each) === stack,
  );
  const [chosen] = matching;
  if (chosen === undefined || matching.length > 1) {
    const names = stacks.map(nameOf).join(', ') || 'none';
    throw new GatewayError(
      stack === undefined
        ? `The assembly ${folder} contains ${stacks.length} stacks, and none was selected.`
        : `The assembly ${folder} contains no stack ${stack}.`,
      `Select one of its stacks: ${names}.`,
    );
  }
  const file = chosen.properties.templateFile;
  if (typeof file !== 'string') {
    throw new GatewayError(`The manifest of ${folder} names no template for ${chosen.id}.`, synthesize);
  }
  const uploads = readUploads(folder, chosen.id);
  return {
    stackName: nameOf(chosen),
    template: readJson(join(folder, file)),
    assetFolder: (metadataPath, uploadKey) => {
      // The metadata exists only when the CDK command line runs the synthesis; the asset manifest always exists.
      const path = typeof metadataPath === 'string' ? metadataPath : uploads.get(String(uploadKey));
      return path === undefined ? undefined : resolve(folder, path);
    },
  };
}

/** Object key of the upload → path of the source. */
function readUploads(folder: string, artifactId: string): Map<string, string> {
  const file = join(folder, `${artifactId}.assets.json`);
  const uploads = new Map<string, string>();
  if (!existsSync(file)) return uploads;
  for (const entry of Object.values(objectOr(readJson(file).files))) {
    const { source, destinations } = objectOr(entry);
    const path = objectOr(source).path;
    for (const destination of Object.values(objectOr(destinations))) {
      const key = objectOr(destination).objectKey;
      if (typeof path === 'string' && typeof key === 'string') uploads.set(key, path);
    }
  }
  return uploads;
}

function readJson(file: string): JsonObject {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    throw new GatewayError(`${file} cannot be read.`, synthesize, { cause: error });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    throw new GatewayError(`${file} is not JSON: ${messageOf(error)}`, synthesize, { cause: error });
  }
  throw new GatewayError(`${file} does not contain an object.`, synthesize);
}
