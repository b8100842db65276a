/** Whether an answer of the HTTP API is one that `docs/schema/openapi.json` describes: its status, its headers and its body. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly content?: Json }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, { readonly content?: Json }>> };
}

export const openApiFile = path.resolve(__dirname, '../../docs/schema/openapi.json');

const document = JSON.parse(readFileSync(openApiFile, 'utf8')) as Document;
// Lengths of the protocol count UTF-16 code units. The option is said to be of an older release, in a warning; it is needed.
const ajv = new Ajv2020({ unicode: false, logger: false, strict: false });
ajv.addSchema(document, 'openapi');

/** `method path` of every operation. */
export const operations = Object.entries(document.paths).flatMap(([template, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${template}`),
);

export interface SeenAnswer {
  readonly method: string;
  /** After `/v1`, with the query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  /** `undefined` without one. */
  readonly body: unknown;
}

/** What is wrong with the answer, or `undefined`. Answers of paths and methods that are not described are problems. */
export function answerError({
  method,
  path: asked,
  status,
  contentType,
  body,
}: SeenAnswer): string | undefined {
  const [template, methods] = pathOf(asked);
  const verb = method.toLowerCase();
  const operation = methods?.[verb];
  if (operation === undefined) return bodyError('openapi#/components/schemas/Problem', body);
  const response = operation.responses[status];
  const where = `${operation.operationId} ${status}`;
  if (response === undefined) return `${where} is not described`;
  const name = response.$ref?.split('/').at(-1);
  const content = name === undefined ? response.content : document.components.responses[name]?.content;
  const [type] = Object.keys(content ?? {});
  if (type === undefined) return body === undefined ? undefined : `${where} has a body`;
  if (contentType !== type) return `${where} is ${contentType}`;
  const at =
    name === undefined
      ? `paths/${escaped(template)}/${verb}/responses/${status}`
      : `components/responses/${name}`;
  const error = bodyError(`openapi#/${at}/content/${escaped(type)}/schema`, body);
  return error && `${where}: ${error}`;
}

function pathOf(asked: string): readonly [string, Readonly<Record<string, Operation>> | undefined] {
  const segments = asked.split('?')[0]!.split('/');
  const found = Object.entries(document.paths).find(([template]) => {
    const parts = template.split('/');
    return (
      parts.length === segments.length && parts.every((part, at) => part === '{id}' || part === segments[at])
    );
  });
  return found ?? ['', undefined];
}

function escaped(segment: string): string {
  return encodeURIComponent(segment.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function bodyError(reference: string, body: unknown): string | undefined {
  const validate: ValidateFunction | undefined = ajv.getSchema(reference);
  if (validate === undefined) throw new Error(`There is no ${reference}`);
  return validate(body) ? undefined : ajv.errorsText(validate.errors);
}
