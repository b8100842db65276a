/**
 * Bugs that the checker has to see: each is a mistake that a tired engineer could make, as an edit of the product's source.
 */

export interface PlantedBug {
  readonly name: string;
  readonly file: string;
  /** What is replaced by what; each text stands exactly once in the file. */
  readonly edits: readonly (readonly [from: string, to: string])[];
}

export const bugs: readonly PlantedBug[] = [
  {
    name: 'missed page',
    file: 'lambda/core/each-concurrently.ts',
    edits: [
      [
        'for await (const page of pages) {',
        'let pagesSeen = 0;\n    for await (const page of pages) {\n      if (pagesSeen++ > 0) break;',
      ],
    ],
  },
  {
    name: 'ACK before write',
    file: 'lambda/core/claim.ts',
    edits: [
      [
        'const outcome = await history.tryPut(message.subject, row(message, position, nonce));',
        'const put = history.tryPut(message.subject, row(message, position, nonce));\n    if (clock.random() < 0.5) return claimed;\n    const outcome = await put;',
      ],
    ],
  },
  {
    name: 'un-awaited post',
    file: 'lambda/core/publish.ts',
    edits: [
      [
        'await Promise.all([\n    ...[...deliveries.values()]',
        'void Promise.all([\n    ...[...deliveries.values()]',
      ],
    ],
  },
  {
    name: 'hole',
    file: 'lambda/core/claim.ts',
    edits: [['place = behind(last);', 'place = behind({ epoch: last.epoch, sequence: last.sequence + 1 });']],
  },
  {
    name: 'wrong dedupe key',
    file: 'lambda/core/find-duplicate.ts',
    edits: [['row.agentId === message.agentId && row.id === message.id && ', 'row.id === message.id && ']],
  },
  {
    name: 'retry without id',
    file: 'lambda/core/accept.ts',
    edits: [['if (frame.retry && frame.id !== undefined)', 'if (frame.retry && frame.id === undefined)']],
  },
  {
    name: 'stale read on subscribe',
    file: 'lambda/core/control.ts',
    edits: [
      [
        'const outcome = await subscribe(deps.connections, caller, channelIds);',
        'const place = await standing(deps, caller, { channelId, since });\n  const outcome = await subscribe(deps.connections, caller, channelIds);',
      ],
      ['const place = await standing(deps, caller, { channelId, since });', ''],
    ],
  },
  {
    name: '410 aborting the batch',
    file: 'lambda/core/fan-out.ts',
    edits: [
      [
        'if (receiver.expiresAt <= deps.clock.now()) return;',
        'if (receiver.expiresAt <= deps.clock.now() || suspects.length > 0) return;',
      ],
    ],
  },
  {
    name: 'unbounded retry',
    file: 'lambda/core/retrying-sender.ts',
    edits: [
      [' || attempt >= attemptsPerPost) return', ') return'],
      ['firstPauseMs * 2 ** attempt', 'firstPauseMs'],
      ['pauseMs >= this.deadline.remainingMs || !this.budget.take()', 'pauseMs >= this.deadline.remainingMs'],
    ],
  },
  {
    name: 'cross-tenant key',
    file: 'lambda/core/subjects.ts',
    edits: [['return `${escapeId(tenantId)}/channel/', 'return `all/channel/']],
  },
  {
    name: 'resume off by one',
    file: 'lambda/core/recover.ts',
    edits: [
      [
        '{ head, recovered: true, after: cursor.sequence }',
        '{ head, recovered: true, after: cursor.sequence + 1 }',
      ],
    ],
  },
  {
    name: "another's row taken for one's own",
    file: 'lambda/core/claim.ts',
    edits: [['if (met.nonce === nonce)', "if (met.nonce !== '')"]],
  },
  {
    name: 'unclear put given up for the next sequence',
    file: 'lambda/core/claim.ts',
    edits: [
      [
        'limit.remainingMs));\n      continue;',
        'limit.remainingMs));\n      place = behind(position);\n      continue;',
      ],
    ],
  },
  {
    name: 'new epoch without need',
    file: 'lambda/core/claim.ts',
    edits: [['return behind(head ?? {', 'return behind(head && { ...head, epoch: deps.newId() } || {']],
  },
  {
    name: 'answers not flushed',
    file: 'lambda/core/publish.ts',
    edits: [['const answered = replies.flush();', 'const answered = Promise.resolve();']],
  },
  {
    name: 'missed direct message not noted',
    file: 'lambda/core/note-missed.ts',
    edits: [
      ['if (isCovered(view, missed) ||', 'if (view.connectionIds.length === 0 || isCovered(view, missed) ||'],
    ],
  },
  {
    name: 'subscription not awaited',
    file: 'lambda/core/subscribe.ts',
    edits: [['await Promise.all(\n    channelIds.map(', 'void Promise.all(\n    channelIds.map(']],
  },
  {
    name: 'content in the log',
    file: 'lambda/routes/default.ts',
    edits: [["deps.log.info('published', {", "deps.log.info('published', {\n          body: event.body,"]],
  },
];
