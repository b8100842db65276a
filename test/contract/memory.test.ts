/** The stores' promises, kept by the memory stores. */
import { MemoryAgentStore } from '../doubles/memory-agent-store';
import { MemoryConnectionStore } from '../doubles/memory-connection-store';
import { MemoryErasureStore } from '../doubles/memory-erasure-store';
import { MemoryHistoryStore } from '../doubles/memory-history-store';
import { MemorySweepStore } from '../doubles/memory-sweep-store';
import { MemoryRevocationStore } from '../doubles/memory-revocation-store';
import { MemoryTenantUsage } from '../doubles/memory-tenant-usage';
import { MemoryRateCounter } from '../doubles/memory-rate-counter';
import { systemClock } from '../../lambda/aws/system-clock';
import { agentStoreSuite } from './agent-store.suite';
import { connectionStoreSuite } from './connection-store.suite';
import { erasureStoreSuite } from './erasure-store.suite';
import { historyStoreSuite } from './history-store.suite';
import { rateCounterSuite } from './rate-counter.suite';
import { revocationStoreSuite } from './revocation-store.suite';
import { sweepStoreSuite } from './sweep-store.suite';
import { tenantUsageSuite } from './tenant-usage.suite';

describe('MemoryConnectionStore', () => {
  connectionStoreSuite(() => new MemoryConnectionStore());
});

describe('MemoryAgentStore', () => {
  agentStoreSuite(() => {
    const store = new MemoryAgentStore(systemClock);
    return { store, inspect: (tenantId, agentId) => Promise.resolve(store.agent(tenantId, agentId)) };
  });
});

describe('MemorySweepStore', () => {
  sweepStoreSuite(() => {
    const connections = new MemoryConnectionStore();
    const agents = new MemoryAgentStore(systemClock);
    const revocations = new MemoryRevocationStore();
    const usage = new MemoryTenantUsage();
    const sweep = new MemorySweepStore(connections, agents, 3, revocations, usage);
    return { connections, agents, revocations, usage, sweep };
  });
});

describe('MemoryHistoryStore', () => {
  historyStoreSuite(() => {
    const store = new MemoryHistoryStore();
    const damage = (subject: string, sequence: number) => {
      store.damage(subject, sequence);
      return Promise.resolve();
    };
    return { store, damage };
  });
});

describe('MemoryErasureStore', () => {
  erasureStoreSuite(() => {
    const [history, agents] = [new MemoryHistoryStore(), new MemoryAgentStore(systemClock)];
    return { history, agents, store: new MemoryErasureStore(history, agents) };
  });
});

describe('MemoryRateCounter', () => {
  rateCounterSuite(() => new MemoryRateCounter());
});

describe('MemoryTenantUsage', () => {
  tenantUsageSuite(() => new MemoryTenantUsage());
});

describe('MemoryRevocationStore', () => {
  revocationStoreSuite(() => new MemoryRevocationStore());
});
