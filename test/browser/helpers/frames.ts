/** How long the frames of a page take, measured in it. */
import type { Page } from 'playwright-core';

export interface FrameFigures {
  readonly frames: number;
  /** Frames of 50 ms or more. */
  readonly slow: number;
  /** Milliseconds. */
  readonly p95: number;
}

/** Watches the page for `ms`; with `wheel` its list is scrolled meanwhile. */
export async function slowFrames(page: Page, ms: number, motion?: 'wheel'): Promise<FrameFigures> {
  const measuring = page.evaluate<number[]>(`new Promise((resolve) => {
    const times = [];
    const startedAt = performance.now();
    let last = startedAt;
    const frame = () => {
      const at = performance.now();
      times.push(at - last);
      last = at;
      if (at - startedAt < ${ms}) requestAnimationFrame(frame);
      else resolve(times.slice(1));
    };
    requestAnimationFrame(frame);
  })`);
  if (motion === 'wheel') {
    await page.mouse.move(600, 400);
    for (let times = 0; times < 20; times++) await page.mouse.wheel(0, 1_500);
  }
  const times = (await measuring).sort((a, b) => a - b);
  return {
    frames: times.length,
    slow: times.filter((time) => time >= 50).length,
    p95: times[Math.floor(times.length * 0.95)] ?? Infinity,
  };
}
