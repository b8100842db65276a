/** How esbuild makes the functions' files. */
import path from 'node:path';

export const repository = path.join(__dirname, '../..');

/** The oldest Node that we support: the laptop gateway runs the same files. */
export const target = 'node20';
export const mainFields = ['module', 'main'];

/** Packages that other code takes the place of. */
export const aliases: Readonly<Record<string, string>> = {
  '@aws-sdk/credential-provider-node': path.join(repository, 'lambda/aws/environment-credentials.ts'),
};
