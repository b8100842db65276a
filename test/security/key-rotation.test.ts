/**
 * The runbook's rotation of the signing key, rehearsed: the stack is deployed again with the next number, and nobody with a valid
 * token is refused. Tokens are minted as the token command mints them for a deployment: by the key that the outputs name, in KMS.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClaims } from '../../tokens/claims';
import { signJwt } from '../../tokens/jwt';
import { createKmsSigner } from '../../tokens/kms-signer';
import { Bus, fresh } from '../helpers/bus';
import { statusOf } from '../helpers/handshake';
import { needs } from '../helpers/target';

const withSettings = needs('settings');
const tenant = fresh('tenant');
const names = { tenant: 'tenant_id', agent: 'agent_id', channels: 'channels' };

async function mint(bus: Bus): Promise<string> {
  const { outputs, endpoints } = bus.inside.gateway;
  const { TokenIssuer: issuer = '', TokenAudience: audience = '', TokenKeyArn: keyArn = '' } = outputs;
  const claims = createClaims({
    issuer,
    audience,
    names,
    tenant,
    agent: 'a',
    expiresInSeconds: 3_600,
    now: new Date(bus.now()),
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_KMS: endpoints.kms,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
  return signJwt(claims, await createKmsSigner({ keyArn }));
}

/** Deploys with the number, and gives a token that is minted then, and the statuses of handshakes with the tokens. */
async function deployed(folder: string, tokenKey: number, tokens: readonly string[]) {
  const bus = await Bus.start({ settings: tokenKey === 1 ? {} : { tokenKey }, folder });
  try {
    const token = await mint(bus);
    const statuses = await Promise.all([token, ...tokens].map((each) => statusOf(bus.url({ token: each }))));
    return { token, statuses };
  } finally {
    await bus.stop();
  }
}

withSettings(
  'the next key signs, the one before it stays valid, and the one before that does not',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-rotation-'));
    try {
      const first = await deployed(folder, 1, []);
      const second = await deployed(folder, 2, [first.token]);
      const third = await deployed(folder, 3, [second.token, first.token]);
      expect(first.statuses).toEqual([101]);
      expect(second.statuses).toEqual([101, 101]);
      expect(third.statuses).toEqual([101, 101, 401]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
