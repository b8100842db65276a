/**
 * The schemas of `docs/schema`, as a client in another language reads them: each frame is checked against the schema of its type.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { isControlType } from '../../protocol/frames/all-frames';

export type Sender = 'client' | 'server';

export interface Schema {
  readonly title: string;
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}

const folder = path.resolve(__dirname, '../../docs/schema');
// Lengths of the protocol count UTF-16 code units. The option is said to be of an older release, in a warning; it is needed.
const ajv = new Ajv2020({ unicode: false, logger: false, strict: false });
const validators = new Map<string, ValidateFunction>();

export function schemasOf(sender: Sender): ReadonlyMap<string, Schema> {
  return new Map(
    readdirSync(path.join(folder, sender)).map((file) => {
      const text = readFileSync(path.join(folder, sender, file), 'utf8');
      return [path.basename(file, '.json'), JSON.parse(text) as Schema];
    }),
  );
}

/** What is wrong with a frame that a client sends, or `undefined`. */
export function clientFrameError(frame: unknown): string | undefined {
  const { type } = fieldsOf(frame);
  return errorIn('client', typeof type === 'string' && isControlType(type) ? type : 'publish', frame);
}

/** What is wrong with a frame that the service has sent, or `undefined`. */
export function serverFrameError(frame: unknown): string | undefined {
  const { type, channel_id } = fieldsOf(frame);
  if (type === undefined) return errorIn('server', 'platform-error', frame);
  const isAnswer = typeof type === 'string' && type !== type.toLowerCase();
  if (isAnswer) return errorIn('server', type.toLowerCase(), frame);
  return errorIn('server', channel_id === '$presence' ? 'presence-event' : 'message', frame);
}

function errorIn(sender: Sender, name: string, frame: unknown): string | undefined {
  const validate = validatorOf(sender, name);
  if (validate === undefined) return `no schema of ${name}`;
  if (validate(frame)) return undefined;
  return `${name}: ${ajv.errorsText(validate.errors)}`;
}

function validatorOf(sender: Sender, name: string): ValidateFunction | undefined {
  const key = `${sender}/${name}`;
  const known = validators.get(key);
  if (known !== undefined) return known;
  const schema = schemasOf(sender).get(name);
  if (schema === undefined) return undefined;
  const made = ajv.compile(schema);
  validators.set(key, made);
  return made;
}

function fieldsOf(frame: unknown): Readonly<Record<string, unknown>> {
  return typeof frame === 'object' && frame !== null ? (frame as Readonly<Record<string, unknown>>) : {};
}
