/** The console: one page that shows what runs on the bus. */
import { render } from 'preact';
import { begin } from './data/begin';
import { App } from './shell/app';

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
void begin();
