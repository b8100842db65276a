/**
 * The code of the functions: in the repository, esbuild makes it from the sources during the synthesis; in the package, it lies
 * beside the construct, made when the package was.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { LogLevel, OutputFormat, type NodejsFunctionProps } from 'aws-cdk-lib/aws-lambda-nodejs';
import { aliases, bundleName, definitions, mainFields, repository, target } from './bundling';

const packed = path.join(__dirname, 'bundles');

/**
 * @param entry file in `lambda/functions/` that exports `handler`
 * @param fixed variables whose values are compiled into the bundle, so that esbuild removes the code that they exclude
 */
export function functionCode(entry: string, fixed: Readonly<Record<string, string>>): NodejsFunctionProps {
  if (existsSync(packed)) {
    return { code: Code.fromAsset(path.join(packed, bundleName(entry, fixed))), handler: 'index.handler' };
  }
  return {
    entry: path.join(repository, 'lambda/functions', entry),
    projectRoot: repository,
    depsLockFilePath: path.join(repository, 'package-lock.json'),
    // One file per function that includes the SDK: it loads faster, and it is the code that the tests ran. esbuild is a
    // dependency, so the CDK does not need a container.
    bundling: {
      format: OutputFormat.CJS,
      mainFields,
      minify: true,
      target,
      esbuildArgs: Object.fromEntries(
        Object.entries(aliases).map(([name, file]) => [`--alias:${name}`, file]),
      ),
      externalModules: [],
      bundleAwsSDK: true,
      logLevel: LogLevel.WARNING,
      define: definitions(fixed),
    },
  };
}
