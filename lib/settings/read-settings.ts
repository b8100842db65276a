/**
 * Finds the settings: an optional file, overridden by context of the same names (`cdk deploy -c name=value`). Does
 * not import aws-cdk-lib; the app passes its context.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSettings, type Settings } from './config';
import { SettingsError, unknownSetting } from './settings-error';
import { settingNames } from './settings-schema';

const defaultFile = 'artcafe.config.json';
/** Context that names another settings file. */
const fileKey = 'config';

export interface SettingsSource {
  /** The folder of the default file, and the base of relative file names. */
  readonly directory: string;
  /** A file that must exist; absent = `artcafe.config.json`, if there is one. */
  readonly file?: string;
  readonly context?: Readonly<Record<string, unknown>>;
}

/**
 * @throws SettingsError with one sentence for the user
 * @example readSettings({ directory: process.cwd(), context: { retentionHours: '1' } })
 */
export function readSettings({ directory, file, context = {} }: SettingsSource): Settings {
  const overrides = ownContext(context);
  const named = file ?? namedFile(context);
  const fromFile =
    named === undefined
      ? readObject(path.join(directory, defaultFile), { mayBeAbsent: true })
      : readObject(path.resolve(directory, named), { mayBeAbsent: false });
  return parseSettings({ ...fromFile, ...overrides });
}

function namedFile(context: Readonly<Record<string, unknown>>): string | undefined {
  const value = context[fileKey];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** All context keys of the CDK contain a colon, a slash or an `@`; a plain word is a setting or a typo. */
function ownContext(context: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(context)) {
    if (name === fileKey || !/^[a-z]\w*$/i.test(name)) continue;
    if (!settingNames.includes(name)) throw unknownSetting(name, [...settingNames, fileKey]);
    own[name] = typeof value === 'string' ? fromCommandLine(name, value) : value;
  }
  return own;
}

/** Values on the command line are text: `true`, `30` and `{"burst":10}` are parsed as JSON. */
function fromCommandLine(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (/^[[{]/.test(text.trim())) throw new SettingsError(`Setting "${name}": ${text} is not valid JSON.`);
    return text;
  }
}

function readObject(file: string, { mayBeAbsent }: { mayBeAbsent: boolean }): object {
  const name = path.basename(file);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (absent && mayBeAbsent) return {};
    throw new SettingsError(absent ? `There is no settings file ${file}.` : `${file} cannot be read.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SettingsError(`${name} is not valid JSON: ${(error as Error).message.split('\n')[0] ?? ''}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SettingsError(`${name} must contain a JSON object with settings.`);
  }
  return value;
}
