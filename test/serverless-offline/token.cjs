/**
 * Prints a token signed by a key file: `token.cjs KEYFILE ISSUER AUDIENCE --tenant T --agent A --expires-in 60s [--channels a,b]`.
 * Plain JavaScript, because the suite runs it hundreds of times.
 */
const { createPrivateKey, createPublicKey, createHash, sign } = require('node:crypto');
const { Buffer } = require('node:buffer');
const { readFileSync } = require('node:fs');
const { parseArgs } = require('node:util');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tenant: { type: 'string' },
    agent: { type: 'string' },
    channels: { type: 'string' },
    'expires-in': { type: 'string' },
  },
});
const [keyFile, iss, aud] = positionals;
const key = createPrivateKey(readFileSync(keyFile));
const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' });
const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
const now = Math.floor(Date.now() / 1000);
const claims = {
  iss,
  aud,
  tenant_id: values.tenant,
  agent_id: values.agent,
  iat: now,
  exp: now + parseInt(values['expires-in'], 10),
  ...(values.channels !== undefined && { channels: values.channels.split(',') }),
};
const encoded = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const text = `${encoded({ alg: 'ES256', typ: 'JWT', kid })}.${encoded(claims)}`;
const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
process.stdout.write(`${text}.${signature.toString('base64url')}`);
