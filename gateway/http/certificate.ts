/** A certificate for `localhost` and 127.0.0.1, made by openssl: Node cannot make one. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly key: string;
  readonly certificate: string;
}

/** In a folder in which `makeCertificate` has been. */
export function certificateFiles(folder: string): CertificateFiles {
  return { key: path.join(folder, 'key.pem'), certificate: path.join(folder, 'certificate.pem') };
}

/** Undefined where openssl is missing. */
export function makeCertificate(folder: string): CertificateFiles | undefined {
  const files = certificateFiles(folder);
  const options =
    'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1';
  try {
    const output = ['-keyout', files.key, '-out', files.certificate];
    execFileSync('openssl', [...options.split(' '), ...output], { stdio: 'ignore' });
    return files;
  } catch {
    return undefined;
  }
}
