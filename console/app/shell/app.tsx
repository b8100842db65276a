/** The frame of the page: navigation, state of the connection, the view. */
import { useEffect } from 'preact/hooks';
import { agents, onlineCount } from '../data/agents';
import { acting, stopActing } from '../source/acting';
import { link } from '../source/buses';
import { channels } from '../data/channels';
import { session, sessionError } from '../source/session';
import { count } from '../parts/format';
import { Agents } from '../views/agents';
import { Channels } from '../views/channels';
import { Compose } from '../views/compose';
import { Faults } from '../views/faults';
import { Messages } from '../views/messages';
import { Overview } from '../views/overview';
import { Help } from './help';
import { Icon, Logo } from './icons';
import { isComposeOpen, isHelpOpen } from './keys';
import { LinkState, ReconnectBar } from './link-state';
import { href, route, type View } from './route';
import { isDark, toggleTheme } from './theme';

const titles: Readonly<Record<View, string>> = {
  overview: 'Overview',
  messages: 'Messages',
  agents: 'Agents',
  channels: 'Channels',
  faults: 'Faults',
};

const pages: Readonly<Record<View, () => preact.JSX.Element>> = {
  overview: Overview,
  messages: Messages,
  agents: Agents,
  channels: Channels,
  faults: Faults,
};

export function App() {
  const { view } = route.value;
  useEffect(() => {
    document.title = `${titles[view]} · ArtCafe console`;
  }, [view]);
  const Page = pages[view];
  return (
    <div class="app">
      <a class="skip" href="#content" onClick={toContent}>
        Skip to the content
      </a>
      <Side view={view} />
      <main id="content" tabIndex={-1}>
        <ReconnectBar />
        {session.value === undefined ? <Opening /> : <Page />}
      </main>
      {isComposeOpen.value && <Compose />}
      {isHelpOpen.value && <Help />}
    </div>
  );
}

function toContent(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function Side({ view }: { readonly view: View }) {
  const { name = '', tenant = '', isLaptop = true } = session.value ?? {};
  return (
    <header class="side">
      <div class="brand">
        <Logo />
        <div>
          <strong>ArtCafe</strong>
          <span class="brand-sub" title={`${name}, tenant ${tenant}`}>
            {session.value === undefined ? 'console' : `${name} · ${tenant}`}
          </span>
        </div>
      </div>
      <nav aria-label="Views">
        <Item view="overview" current={view} />
        <Item view="messages" current={view} />
        <Item
          view="agents"
          current={view}
          note={agents.value.size > 0 ? count(onlineCount.value) : undefined}
        />
        <Item
          view="channels"
          current={view}
          note={channels.value.length > 0 ? count(channels.value.length) : undefined}
        />
        {isLaptop && <Item view="faults" current={view} />}
      </nav>
      <div class="side-foot">
        <ActingState />
        <LinkState />
        <Tools />
      </div>
    </header>
  );
}

function Tools() {
  return (
    <div class="tools">
      <button
        class="tool"
        type="button"
        aria-label={isDark.value ? 'Light theme' : 'Dark theme'}
        title="Theme (t)"
        onClick={toggleTheme}
      >
        <Icon name={isDark.value ? 'sun' : 'moon'} />
      </button>
      <button
        class="tool"
        type="button"
        aria-label="Keyboard"
        title="Keyboard (?)"
        onClick={() => (isHelpOpen.value = true)}
      >
        <Icon name="keyboard" />
      </button>
      <button
        class="button is-primary"
        type="button"
        title="New message (n)"
        onClick={() => (isComposeOpen.value = true)}
      >
        <Icon name="send" />
        <span>Send</span>
      </button>
    </div>
  );
}

function Item({
  view,
  current,
  note,
}: {
  readonly view: View;
  readonly current: View;
  readonly note?: string | undefined;
}) {
  return (
    <a href={href(view)} class="nav-item" aria-current={view === current ? 'page' : undefined}>
      <Icon name={view} />
      <span class="nav-word">{titles[view]}</span>
      {note !== undefined && <span class="nav-note">{note}</span>}
    </a>
  );
}

function ActingState() {
  if (acting.value === undefined) return null;
  return (
    <button
      class="acting"
      type="button"
      title="Give the token back and only watch"
      onClick={() => void stopActing()}
    >
      <Icon name="unlock" />
      May send and kick
      <span class="acting-end">End</span>
    </button>
  );
}

function Opening() {
  const { value: error } = sessionError;
  return (
    <div class="state" role="status">
      {error === undefined ? <span class="spinner" aria-hidden="true" /> : <span class="state-mark">!</span>}
      <h1>{error === undefined ? 'Opening the console' : 'The console’s server does not answer'}</h1>
      <p>{error ?? (link.value === 'connecting' ? 'Asking for a token that may watch.' : '')}</p>
      {error !== undefined && <p class="quiet">Trying again every three seconds.</p>}
    </div>
  );
}
