/** Options of esbuild for the bundles of the functions. */
import path from 'node:path';

export const repository = path.join(__dirname, '../..');

/** The oldest Node that we support: the laptop gateway runs the same files. */
export const target = 'node20';
export const mainFields = ['module', 'main'];

/** Packages that are replaced in the bundles. */
export const aliases: Readonly<Record<string, string>> = {
  '@aws-sdk/credential-provider-node': path.join(repository, 'lambda/aws/environment-credentials.ts'),
};

/** For esbuild: variables whose values are compiled in. */
export function definitions(fixed: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fixed).map(([name, value]) => [`process.env.${name}`, JSON.stringify(value)]),
  );
}

/** @example bundleName('default.ts', { SENDER: 'lean' }) // 'default.lean' */
export function bundleName(entry: string, fixed: Readonly<Record<string, string>>): string {
  return [path.basename(entry, '.ts'), ...Object.values(fixed)].join('.');
}
