// What surrounds every view: menu, who is signed in, whether the figures are live.

import { useEffect, useRef } from 'preact/hooks';
import { connection } from '../live/live.ts';
import { mayWrite, session, signOut } from '../session/session.ts';
import { addressOf, place } from './route.ts';
import { nextTheme, theme } from './theme.ts';
import { views } from './views.tsx';

/** Menu and view. */
export function Shell() {
  const { view: name, subject } = place.value;
  const view = views.find((each) => each.name === name);
  const title = view?.title ?? 'Not found';
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${title} · SwarmGate`;
    // Who reads with a screen reader or the keyboard goes on at the new view
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [title, subject]);
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => (event.preventDefault(), heading.current?.focus())}
      >
        To the content
      </a>
      <header class="side">
        <a class="brand" href={addressOf('overview')}>
          <img src="./icon.svg" alt="" />
          SwarmGate
        </a>
        <Menu current={name} />
        <Who />
      </header>
      <main id="main">
        <div class="heading">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          <Liveness />
        </div>
        {view === undefined ? <p>There is no such view.</p> : <view.draw subject={subject} />}
      </main>
    </div>
  );
}

function Menu({ current }: { readonly current: string }) {
  return (
    <nav aria-label="Views">
      <ul>
        {views
          .filter(({ inMenu }) => inMenu)
          .map(({ name, title }) => (
            <li key={name}>
              <a href={addressOf(name)} aria-current={name === current ? 'page' : undefined}>
                {title}
              </a>
            </li>
          ))}
      </ul>
    </nav>
  );
}

function Who() {
  const current = session.value;
  if (current.kind !== 'signed_in') return null;
  return (
    <div class="who">
      <span>
        <span class="mono">{current.operator.clientId}</span>
        {mayWrite() ? '' : ', may look, not change: without the scope admin:write'}
      </span>
      <div class="row">
        <button type="button" onClick={nextTheme}>
          Theme: {theme}
        </button>
        <button type="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
    </div>
  );
}

function Liveness() {
  const { live, why } = connection.value;
  return (
    <span role="status" class={live ? 'good live' : 'warn live'}>
      {live ? 'live' : `not live${why === undefined ? '' : `: ${why}`}`}
    </span>
  );
}
