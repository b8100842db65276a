/** Conformance of a deployment that only its edge may reach (docs/protocol.md, Connect), and of the rotation of its secret. */
import { type Base, fresh } from '../helpers/bus';
import { handshake, statusOf } from '../helpers/handshake';
import { needs } from '../helpers/target';
import { useBus } from '../helpers/use-bus';

const withSettings = needs('settings');
const header = 'Artcafe-Edge-Secret';
const bus = useBus({ settings: { edge: { exclusive: 2 } } });

const urlOn = (base: Base): string =>
  bus.url({ token: bus.signedToken({ tenant_id: fresh('tenant'), agent_id: 'a' }) }, base);

withSettings('CON-16 the edge connects, and the API’s own base refuses', async () => {
  expect(await statusOf(urlOn('edge'))).toBe(101);
  expect(await statusOf(urlOn('api'))).toBe(401);
});

withSettings('CON-16 nobody can write the header of the edge', async () => {
  for (const value of ['guess', 'x'.repeat(48)]) {
    expect((await handshake(urlOn('api'), { [header]: value })).status).toBe(403);
    // The edge replaces what a viewer sends.
    expect((await handshake(urlOn('edge'), { [header]: value })).status).toBe(101);
  }
});

withSettings(
  'CON-16 the clients’ promises hold at the edge: 401 without a token, 403 for another path',
  async () => {
    const { edge } = bus.baseUrls;
    expect(await statusOf(`${edge}/ws`)).toBe(401);
    expect(await statusOf(`${edge}/other?token=x`)).toBe(403);
  },
);
