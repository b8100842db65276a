/**
 * Reads environment variables once per cold start. A missing or malformed one fails by its name.
 */
import type { variables } from '../../contract';

export type VariableName = (typeof variables)[keyof typeof variables];

export function text(name: VariableName): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`Environment variable ${name} is missing`);
  return value;
}

export function optionalText(name: VariableName): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

export function wholeNumber(name: VariableName): number {
  const value = Number(text(name));
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`Environment variable ${name} must be a whole number`);
  return value;
}

export function oneOf<const Choice extends string>(name: VariableName, choices: readonly Choice[]): Choice {
  const value = text(name);
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined)
    throw new Error(`Environment variable ${name} must be one of ${choices.join(', ')}`);
  return choice;
}
