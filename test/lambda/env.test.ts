/** Variables fail by their names. */
import { variables } from '../../lambda/contract';
import { oneOf, optionalText, text, wholeNumber } from '../../lambda/functions/environment/env';

const name = variables.defaultGrants;

afterEach(() => {
  Reflect.deleteProperty(process.env, name);
});

test('reads what is there', () => {
  process.env[name] = '7';
  expect(text(name)).toBe('7');
  expect(wholeNumber(name)).toBe(7);
  expect(oneOf(name, ['7', '8'])).toBe('7');
});

test('names what is missing or wrong', () => {
  expect(() => text(name)).toThrow(/DEFAULT_GRANTS is missing/);
  expect(optionalText(name)).toBeUndefined();
  process.env[name] = '1.5';
  expect(() => wholeNumber(name)).toThrow(/DEFAULT_GRANTS must be a whole number/);
  expect(() => oneOf(name, ['all', 'none'])).toThrow(/DEFAULT_GRANTS must be one of all, none/);
});
