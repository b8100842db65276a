/**
 * A streaming answer: chunks while they come, not stored, and the whole text at the end, kept.
 * `node examples/streaming.mjs` beside `npm start`.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { agent } from './bus.mjs';

const [writer, reader] = [agent('writer'), agent('reader')];
await Promise.all([writer.connect(), reader.connect()]);

let finish;
const finished = new Promise((resolve) => (finish = resolve));
// Messages that are not stored have no order of their own: one may overtake another.
const early = new Map();
let [next, written] = [0, 0];
const write = (text) => {
  written += text.length;
  process.stdout.write(text);
};
await reader.channel('answers').subscribe(({ type, content, sequence }) => {
  if (type === 'chunk') {
    early.set(content.index, content.text);
    for (; early.has(next); next++) write(early.get(next));
  } else {
    // The end has all of it, also what its last chunks are late with.
    next = Infinity;
    write(content.text.slice(written));
    finish(`\n${content.text.length} characters, number ${sequence} of the channel`);
  }
});

const words = 'Chunks are cheap: nobody waits for them, and who comes late reads the end.'.split(' ');
const answers = writer.channel('answers');
// Gathered into few texts while an acknowledgement is on its way.
const chunks = [];
for (const [index, word] of words.entries()) {
  chunks.push(
    answers.publish({ index, text: index === 0 ? word : ` ${word}` }, { type: 'chunk', ephemeral: true }),
  );
  await wait(20);
}
await Promise.all(chunks);
await answers.publish({ text: words.join(' ') }, { type: 'answer' });
console.log(await finished);

await Promise.all([writer.close(), reader.close()]);
