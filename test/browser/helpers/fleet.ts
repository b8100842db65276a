/** A small fleet of agents, and what it says. */

interface Member {
  readonly name: string;
  readonly status: string;
  readonly capabilities: readonly string[];
}

export const members: readonly Member[] = [
  { name: 'planner', status: 'online', capabilities: ['plan', 'delegate'] },
  { name: 'researcher-1', status: 'busy', capabilities: ['search', 'summarize'] },
  { name: 'researcher-2', status: 'online', capabilities: ['search', 'summarize'] },
  { name: 'translator', status: 'idle', capabilities: ['translate:de', 'translate:fr', 'translate:ja'] },
  { name: 'coder', status: 'busy', capabilities: ['typescript', 'python', 'review'] },
  { name: 'reviewer', status: 'online', capabilities: ['review'] },
  { name: 'shop', status: 'online', capabilities: ['orders', 'refunds'] },
];

export const channelNames = ['orders', 'news.market', 'tasks', 'build.logs', 'lobby'] as const;

const contents: Readonly<Record<(typeof channelNames)[number], (index: number) => unknown>> = {
  orders: (index) => ({
    order: 4_100 + index,
    item: ['espresso', 'cortado', 'filter'][index % 3],
    cups: 1 + (index % 4),
  }),
  'news.market': (index) => ({ symbol: ['ARA', 'ROB'][index % 2], price: 182.4 + (index % 9) / 10 }),
  tasks: (index) => ({
    task: `t-${300 + index}`,
    step: ['plan', 'search', 'write', 'review'][index % 4],
    done: index % 4 === 3,
  }),
  'build.logs': (index) =>
    `[${index}] compiled ${40 + (index % 7)} modules in ${300 + ((index * 37) % 200)} ms`,
  lobby: (index) => ['Good morning', 'Who can translate to Japanese?', 'I can', 'Thanks!'][index % 4],
};

export function contentOf(channel: (typeof channelNames)[number], index: number): unknown {
  return contents[channel](index);
}
