/** What a laptop gateway reports about itself, from what the test publishes. */
import type { Page } from 'playwright-core';

interface Published {
  readonly id: string;
  readonly channel_id: string;
  readonly agent_id: string;
  readonly epoch: string;
  readonly sequence: number;
}

export class ScriptedGateway {
  private readonly lines: object[] = [];
  messages = 0;
  rules: object[] = [];
  /** Whether publishes leave log lines. */
  isLogging = true;

  async answer(page: Page): Promise<void> {
    await page.route(/\/_gateway\/costs/, (route) => route.fulfill({ json: this.costs() }));
    await page.route(/\/_gateway\/logs/, (route) =>
      route.fulfill({ json: this.logs(new URL(route.request().url())) }),
    );
    await page.route(/\/_gateway\/faults/, async (route) => {
      const body = route.request().postData();
      if (body !== null) this.rules = (JSON.parse(body) as { rules: object[] }).rules;
      const counts = this.rules.map(() => ({ seen: this.messages, fired: Math.round(this.messages / 10) }));
      await route.fulfill({
        json: { plan: { seed: 1, rules: this.rules, clocks: [] }, elapsedMs: 1, counts },
      });
    });
  }

  published(frames: readonly Published[]): void {
    this.messages += frames.length;
    const [first] = frames;
    if (first === undefined || !this.isLogging) return;
    this.lines.push({
      function: 'DefaultFunction',
      timestamp: new Date().toISOString(),
      line: {
        level: 'info',
        event: 'published',
        tenant_id: 'demo',
        agent_id: first.agent_id,
        channel_id: first.channel_id,
        frames: frames.length,
        messages: frames.length,
        epoch: first.epoch,
        ids: frames.map(({ id }) => id),
        first_sequence: first.sequence,
        last_sequence: frames.at(-1)?.sequence,
        delivered: 3,
        ack_ms: 8 + (this.messages % 7),
      },
    });
  }

  /** A line of level `error`. */
  failed(event: string): void {
    const line = { level: 'error', event };
    this.lines.push({ function: 'DefaultFunction', timestamp: new Date().toISOString(), line });
  }

  private logs({ searchParams }: URL): object {
    const contains = searchParams.get('contains') ?? '';
    const lines = this.lines.slice(Number(searchParams.get('since') ?? 0));
    return {
      lines: lines.filter((line) => JSON.stringify(line).includes(contains)),
      next: String(this.lines.length),
    };
  }

  private costs(): object {
    return {
      counts: { messagesIn: this.messages, messagesOut: this.messages * 4, connectionMinutes: 7 },
      bill: { dollars: this.messages * 6.2e-6, transferDollars: this.messages * 1e-7 },
    };
  }
}
