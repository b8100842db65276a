/**
 * Conformance of END-2 under load: connections of an agent begin and end at the same moment, again and again (`RACES=1000` for more).
 * It must never end with a connected agent offline, nor with a disconnected one online.
 */
import { fresh, type Who } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import { useBus } from '../helpers/use-bus';

const agents = 10;
const racesPerAgent = Math.ceil(Number(process.env.RACES ?? 100) / agents);

const bus = useBus();

needs('tables')(
  `END-2 connect racing with disconnect of the same agent, ${agents * racesPerAgent} times`,
  async () => {
    const { tables } = bus.inside;
    const tenant = fresh('tenant');
    const everybody: Who[] = Array.from({ length: agents }, (_, index) => ({
      tenant,
      agent: `agent-${index}`,
    }));
    const presenceOf = async ({ agent }: Who): Promise<string> => {
      const presence = await tables.presence(tenant, agent);
      return `${String(presence?.status)} ${presence?.connectionIds.length ?? 0}`;
    };

    const race = async (who: Who): Promise<void> => {
      let current = await bus.connect(who);
      for (let round = 0; round < racesPerAgent; round++) {
        const end = () => (round % 2 === 0 ? current.terminate() : current.close());
        // The end begins before the handshake, with it, or when it is through and meets the next round's handshake.
        const early = round % 3 === 0 ? end() : undefined;
        const opening = bus.connect(who);
        const late = round % 3 === 1 ? end() : undefined;
        const renewed = await opening;
        // Whatever has become of the old connection by now, the new one has been admitted.
        expect(await presenceOf(who)).toMatch(/^online /);
        await Promise.all([early, late]);
        if (round % 3 === 2) void end();
        current = renewed;
      }
    };
    await Promise.all(everybody.map(race));

    if (bus.failedHandshakes > 0) {
      // What a failed handshake has left is the sweep's, which leaves a connection alone in its first ten seconds (END-7).
      const { clock, schedules } = bus.inside.gateway;
      await clock.advance(12_000);
      for (const schedule of schedules) await schedule.run();
    }
    for (const who of everybody) {
      await eventually(
        () => presenceOf(who),
        (presence) => presence === 'online 1',
      );
    }
    const watcher = await bus.connect({ tenant, agent: 'watcher' });
    for (const { agent } of everybody) {
      const question = { to: agent, content: 'are you there?', expects_reply: true };
      expect(await watcher.request(question)).toMatchObject({ type: 'ACK', status: 'accepted' });
    }

    await bus.hangUp();
    for (const who of everybody) {
      await eventually(
        () => presenceOf(who),
        (presence) => presence === 'offline 0',
      );
    }
    await eventually(
      () => tables.connectionRows(tenant),
      (rows) => rows.length === 0,
    );
  },
);
