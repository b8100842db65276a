/**
 * Makes `Date` of the current thread follow the gateway's clock, plus the clock error of the thread. Timers use real
 * time.
 */

export function moveDate(offset: Float64Array, skew: Float64Array | undefined): void {
  const RealDate = Date;
  const realNow = RealDate.now.bind(RealDate);
  const now = (): number => realNow() + (offset[0] ?? 0) + (skew?.[0] ?? 0);
  RealDate.now = now;
  const moved = new Proxy(RealDate, {
    construct: (target, values: unknown[], newTarget): Date => {
      const date: unknown = Reflect.construct(target, values.length === 0 ? [now()] : values, newTarget);
      return date as Date;
    },
    apply: () => new RealDate(now()).toString(),
  });
  Object.defineProperty(RealDate.prototype, 'constructor', {
    value: moved,
    writable: true,
    configurable: true,
  });
  globalThis.Date = moved;
}
