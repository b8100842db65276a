/**
 * The bus of a test file: started before its first test, stopped after its last. After each test its faults end, and what it has
 * opened is closed.
 */
import { Bus, type BusOptions } from './bus';
import { target } from './target';

/** The bus can be used in tests, and in hooks that are registered later. */
export function useBus(options: BusOptions = {}): Bus {
  let started: Bus | undefined;
  beforeAll(async () => {
    started = await Bus.start(options);
  });
  afterEach(async () => {
    if (target === undefined) started?.inside.gateway.faultPlan?.replace({});
    await started?.hangUp();
  });
  afterAll(() => started?.stop());
  return new Proxy(Object.create(Bus.prototype) as Bus, {
    get(_, name) {
      if (started === undefined) throw new Error('The bus starts before the first test, not earlier');
      const value: unknown = Reflect.get(started, name);
      return typeof value === 'function' ? (value.bind(started) as unknown) : value;
    },
  });
}
