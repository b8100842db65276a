/** A certificate for `localhost`, made by openssl: Node cannot make one. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';

export interface CertificateFiles {
  readonly key: string;
  readonly certificate: string;
}

/** Undefined where openssl is missing. */
export function makeCertificate(folder: string): CertificateFiles | undefined {
  const files = { key: path.join(folder, 'key.pem'), certificate: path.join(folder, 'certificate.pem') };
  const options =
    'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost';
  try {
    const output = ['-keyout', files.key, '-out', files.certificate];
    execFileSync('openssl', [...options.split(' '), ...output], { stdio: 'ignore' });
    return files;
  } catch {
    return undefined;
  }
}
