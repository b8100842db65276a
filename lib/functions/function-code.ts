/**
 * The code of the functions: in the repository, esbuild makes it from the sources during the synthesis; in the package, it lies
 * beside the construct, made when the package was.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { type Bundle, bundleName, repository } from './bundling';
import { writeBundle } from './bundle-cache';

const packed = path.join(__dirname, 'bundles');

export function functionCode(bundle: Bundle): Code {
  if (existsSync(packed)) return Code.fromAsset(path.join(packed, bundleName(bundle)));
  return Code.fromAsset(path.join(repository, 'lambda/functions'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Asked for by the type: no container runs. Assets whose options are equal count as one, so the command is the bundle's name.
      image: DockerImage.fromRegistry('scratch'),
      command: [bundleName(bundle)],
      local: {
        tryBundle(folder) {
          writeBundle(bundle, folder);
          return true;
        },
      },
    },
  });
}
