// The frame of the page: navigation, search, who one is, and the view of the present place.
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { ActionDialog } from '../dialogs/action.tsx';
import { HelpDialog } from '../dialogs/help.tsx';
import { SearchDialog } from '../dialogs/search.tsx';
import { SignInDialog } from '../dialogs/sign-in.tsx';
import { href } from '../locations/location.ts';
import { session, signInAsked, signOut } from '../stream/session.ts';
import { NAVIGATION, viewAt } from '../views/views.ts';
import { ConnectionBar } from './connection-bar.tsx';
import { Guard } from './guard.tsx';
import { Icon } from './icon.tsx';
import { focusSearch, followKeys } from './keys.ts';
import { Empty } from './notices.tsx';
import { goTo, place } from './place.tsx';
import { ThemeSwitch } from './theme.tsx';

const hashOf = (path: string) => href(path.split('/').filter(Boolean));

export function Shell() {
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [isSearchOpen, setSearchOpen] = useState(false);
  const { path } = place.value;
  const found = viewAt(path);
  const title = found?.view.title ?? 'Nothing here';
  // From the first sight of the page on.
  useLayoutEffect(
    () =>
      followKeys({
        go: new Map(NAVIGATION.map((entry) => [entry.key, () => goTo(hashOf(entry.path))])),
        act: new Map([
          ['/', () => setSearchOpen(true)],
          ['f', focusSearch],
          ['?', () => setHelpOpen(true)],
        ]),
      }),
    [],
  );
  useMenuEnd(isMenuOpen, () => setMenuOpen(false));
  useEffect(() => {
    document.title = `${title} · Mesoscale`;
    setMenuOpen(false);
  }, [path, title]);
  return (
    <div class="shell" data-menu={isMenuOpen ? 'open' : 'closed'}>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the view
      </button>
      <header class="top">
        <button
          type="button"
          class="button-icon menu-button"
          aria-label="Menu"
          aria-expanded={isMenuOpen}
          aria-controls="navigation"
          onClick={() => setMenuOpen(!isMenuOpen)}
        >
          <Icon name={isMenuOpen ? 'close' : 'menu'} />
        </button>
        <a class="brand" href={hashOf('')}>
          <Mark />
          <span>Mesoscale</span>
        </a>
        <div class="top-space" />
        <button
          type="button"
          class="top-search"
          title="Search everything (/)"
          aria-label="Search everything"
          onClick={() => setSearchOpen(true)}
        >
          <Icon name="search" size={16} />
          <span class="top-search-text">Search everything</span>
          <span class="search-key" aria-hidden="true">
            /
          </span>
        </button>
        <button
          type="button"
          class="button-icon"
          title="Keys (?)"
          aria-label="Keys"
          onClick={() => setHelpOpen(true)}
        >
          <Icon name="keyboard" />
        </button>
        <ThemeSwitch />
        <Account />
      </header>
      <nav id="navigation" class="navigation" aria-label="Views">
        <ul>
          {NAVIGATION.map((entry) => (
            <li key={entry.path}>
              <a
                href={hashOf(entry.path)}
                aria-current={entry.path === (path[0] ?? '') ? 'page' : undefined}
                title={`g ${entry.key}`}
              >
                <Icon name={entry.icon} />
                <span>{entry.title}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <main id="main" class="main" tabIndex={-1}>
        <ConnectionBar />
        {found === undefined ? (
          <Empty title="There is nothing here">
            The page has no view of this name. <a href={hashOf('')}>Go to the overview.</a>
          </Empty>
        ) : (
          // Whoever signs in sees other things: what was refused before is asked again.
          <Guard key={[...path, session.value?.principal].join('/')}>
            <found.view.view names={found.names} />
          </Guard>
        )}
      </main>
      {isHelpOpen ? <HelpDialog onClose={() => setHelpOpen(false)} /> : null}
      {isSearchOpen ? <SearchDialog onClose={() => setSearchOpen(false)} /> : null}
      <ActionDialog />
      <SignInDialog />
    </div>
  );
}

/** Escape closes a menu that is open over the view, and so does what is pressed beside it. */
function useMenuEnd(isOpen: boolean, close: () => void): void {
  useEffect(() => {
    if (!isOpen) {
      return undefined;
    }
    const end = new AbortController();
    const { signal } = end;
    const onKey = ({ key }: KeyboardEvent) => {
      if (key === 'Escape') {
        close();
        document.querySelector<HTMLElement>('.menu-button')?.focus();
      }
    };
    const onPress = ({ target }: PointerEvent) => {
      if (target instanceof Element && target.closest('.navigation, .menu-button') === null) {
        close();
      }
    };
    document.addEventListener('keydown', onKey, { signal });
    document.addEventListener('pointerdown', onPress, { signal });
    return () => end.abort();
  }, [isOpen]);
}

function Account() {
  const who = session.value;
  if (who === undefined || (who.principal === undefined && !who.needed)) {
    return null;
  }
  if (who.principal === undefined) {
    return (
      <button
        type="button"
        class="button"
        onClick={() => {
          signInAsked.value = true;
        }}
      >
        Sign in
      </button>
    );
  }
  return (
    <div class="account">
      <Icon name="user" />
      <span class="account-name" title={who.principal}>
        {who.principal}
      </span>
      {who.isSignedIn ? (
        <button type="button" class="button" onClick={signOut}>
          Sign out
        </button>
      ) : null}
    </div>
  );
}

/** Three scales, one within the other. */
function Mark() {
  return (
    <svg class="mark" width="24" height="24" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M12 1.5 21 6.75v10.5L12 22.5 3 17.25V6.75Z" />
      <path d="M12 6.5 16.8 9.25v5.5L12 17.5 7.2 14.75v-5.5Z" />
      <circle cx="12" cy="12" r="1.6" />
    </svg>
  );
}
