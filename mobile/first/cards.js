/**
 * The first cards, drawn while the app itself still comes: from what was kept at the last visit, else from the feed's first
 * page, which the app then takes over (`src/state/first.web.ts`). `scripts/build-web.mjs` puts this into the page, so that
 * it needs no request of its own; `begin` is called there. What it says and how it looks is the app's: a test compares.
 */

export const SHAPE = '1';
export const MOST_CARDS = 8;
const WEEK_MS = 7 * 24 * 3600 * 1000;
export const KINDS = ['for-you', 'latest', 'following'];
export const TITLE = 'Feed';
export const DISCLOSURE = { 'ai-assisted': 'Written with AI, reviewed by a person', 'ai-autonomous': 'Written by AI, reviewed by nobody' };
/** ground, ink, quiet, line, accent, accentSoft, sunken */
export const COLOURS = {
  light: ['#fbfaf7', '#1d1c1a', '#5f5c55', '#dedbd2', '#8f3d1c', '#f6e7de', '#f1efe9'],
  dark: ['#16171a', '#e6e4df', '#a5a39d', '#34373c', '#f0a67c', '#3a281f', '#101113'],
  black: ['#000000', '#dddbd6', '#9c9a94', '#2a2c30', '#f0a67c', '#261811', '#000000'],
  sepia: ['#f5ecd9', '#3a2f20', '#69593f', '#d8c9aa', '#7a3e10', '#eeddc0', '#ebdfc6'],
};

/** What stands in the storage under a name; an empty object where nothing can be understood. */
function kept(storage, name) {
  try {
    return Object(JSON.parse(storage.getItem(name) ?? '{}'));
  } catch {
    return {};
  }
}

/**
 * Which feed the app will open with, for whom, and what of it was kept; null where it will show no posts.
 * @param {{ getItem(name: string): string | null }} storage
 */
export function startOf(storage, origin, now) {
  const session = kept(storage, 'blogen.session');
  const person = session.origin === origin ? (session.person ?? null) : null;
  const places = kept(storage, 'blogen.places');
  const kind = KINDS.find((one) => one === places.chosen) ?? (person === null ? 'latest' : 'for-you');
  if (person === null && kind !== 'latest') return null;
  const prefs = kept(storage, 'blogen.prefs');
  const cache = kept(storage, `blogen.cache.${origin}|${person?.id ?? 'anyone'}`);
  const isGood = cache.buster === SHAPE && now - cache.timestamp < WEEK_MS;
  const feed = isGood ? cache.clientState?.queries?.find(({ queryKey }) => queryKey?.[0] === 'feed' && queryKey[1] === kind) : undefined;
  const posts = feed?.state?.data?.pages?.flatMap((page) => page.items) ?? [];
  const place = places.feeds?.[kind] ?? null;
  const at = Math.max(0, posts.findIndex(({ slug }) => slug === place?.post));
  const dy = posts[at]?.slug === place?.post ? Number(place?.dy) || 0 : 0;
  return { kind, posts: posts.slice(at, at + MOST_CARDS), dy, prefs };
}

/** Elements only, never markup: what a post says stays text. */
function element(page, name, { style = '', text = '', ...attributes }, children = []) {
  const made = page.createElement(name);
  if (style !== '') made.style.cssText = style;
  if (text !== '') made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A post as the app's PostCard draws it, with its picture still vague if `isVague`. */
export function card(page, post, { colours, size, isVague, hasCovers, hasReasons = false }) {
  const [, ink, quiet, line, accent, accentSoft, sunken] = colours;
  const type = (px, high, more) => `font-size:${px * size}px;line-height:${Math.round(px * size * high)}px;${more}`;
  const { cover, author, provenance, language = '' } = post;
  const parts = [];
  if (cover !== null && hasCovers) {
    const whole = isVague ? {} : { srcset: cover.srcset ?? '', sizes: '(max-width:680px) calc(100vw - 32px), 648px' };
    const src = isVague && cover.placeholder !== '' ? cover.placeholder : cover.url;
    const style = `display:block;width:100%;object-fit:cover;border-radius:10px;background:${sunken};aspect-ratio:${cover.width}/${cover.height}`;
    if (!isVague || cover.placeholder !== '') parts.push(element(page, 'img', { src, alt: cover.alt ?? '', style, ...whole }));
    else parts.push(element(page, 'div', { style }));
  }
  const clamped = 'margin:4px 0 0;overflow:hidden;display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;';
  const title = element(page, 'h2', { text: post.title, lang: language, dir: 'auto', style: type(22, 1.25, `margin:0;font-weight:700;color:${ink}`) });
  const summary = element(page, 'p', { text: post.summary, lang: language, dir: 'auto', style: type(16, 1.5, `${clamped}color:${quiet}`) });
  const why = hasReasons && post.reason ? [element(page, 'div', { text: post.reason.text, style: type(14, 1.4, `margin-bottom:4px;color:${accent}`) })] : [];
  parts.push(element(page, 'div', {}, [...why, title, summary]));
  const round = `flex:none;width:28px;height:28px;border-radius:14px;background:${accentSoft};color:${accent};font:600 12.6px/28px system-ui,sans-serif;text-align:center`;
  const initial = element(page, 'span', { text: [...author.name][0]?.toUpperCase() ?? '', 'aria-hidden': 'true', style: round });
  const said = [author.name, DISCLOSURE[provenance?.disclosure] ?? ''].filter((words) => words !== '');
  const who = said.map((text) => element(page, 'div', { text, style: type(14, 1.4, `color:${quiet}`) }));
  parts.push(element(page, 'div', { style: 'display:flex;align-items:center;gap:8px' }, [initial, element(page, 'div', {}, who)]));
  const { counts, viewer } = post;
  // What was done with it is said by the app; its line is left free, so that nothing moves then.
  if (counts?.likes > 0 || counts?.comments > 0 || viewer?.liked || viewer?.bookmarked || viewer?.progress > 0) {
    parts.push(element(page, 'div', { style: `height:${Math.round(14 * size * 1.4)}px` }));
  }
  const style = `box-sizing:border-box;display:flex;flex-direction:column;gap:12px;padding:16px;max-width:680px;margin:0 auto;text-decoration:none;border-bottom:1px solid ${line}`;
  const link = element(page, 'a', { href: `/app/post/${encodeURIComponent(post.slug)}`, style }, parts);
  return element(page, 'div', { role: 'listitem', 'data-slug': post.slug }, [link]);
}

/** The whole first screen above the app's own, which takes it away once its feed stands. */
export function draw(page, first, posts, { isDark, isVague }) {
  const { prefs } = first;
  const theme = prefs.theme in COLOURS ? prefs.theme : isDark ? 'dark' : 'light';
  const size = Math.min(200, Math.max(80, Number(prefs.textSize) || 100)) / 100;
  const colours = COLOURS[theme];
  const look = { colours, size, isVague, hasCovers: prefs.dataSaver !== true, hasReasons: first.kind !== 'latest' };
  const cards = posts.map((post) => card(page, post, look));
  const list = element(page, 'div', { role: 'list', style: first.dy > 0 ? `margin-top:${-first.dy}px` : '' }, cards);
  const title = element(page, 'h1', { text: TITLE, style: `flex:none;font:700 ${30 * size}px/1.2 Georgia,"Noto Serif",serif;margin:0;padding:16px 16px 72px;color:${colours[1]}` });
  const scroller = element(page, 'div', { style: 'flex:1;overflow:hidden auto;overscroll-behavior:contain' }, [list]);
  const style = `position:fixed;inset:0;z-index:1;display:flex;flex-direction:column;background:${colours[0]}`;
  const made = element(page, 'div', { id: 'first', role: 'main', 'aria-busy': 'true', style }, [title, scroller]);
  page.body.append(made);
  return made;
}

export function begin(window) {
  const { document: page, location } = window;
  if (location.pathname !== '/app/') return;
  let first = null;
  try {
    first = startOf(window.localStorage, location.origin, Date.now());
  } catch {
    // no storage, or what stands in it is of another make: the app itself will do without
  }
  if (first === null) return;
  const handed = { kind: first.kind, answer: null, wanted: null, isOver: false };
  window.blogenFirst = handed;
  const show = (posts, isVague) => {
    if (handed.isOver || posts.length === 0) return;
    const isDark = window.matchMedia('(prefers-color-scheme: dark)').matches;
    try {
      const made = draw(page, first, posts, { isDark, isVague });
      // Pressed before the app is there: it opens the post as soon as it stands. Pressed again: without waiting.
      made.addEventListener('click', (event) => {
        const path = event.target.closest?.('a')?.getAttribute('href') ?? null;
        if (path === null || path === handed.wanted || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        handed.wanted = path;
      });
    } catch {
      page.getElementById('first')?.remove();
    }
  };
  if (first.posts.length > 0) return show(first.posts, false);
  handed.answer = window
    .fetch(`/api/v1/feed?kind=${first.kind}&limit=${MOST_CARDS}`, { headers: { Accept: 'application/json' } })
    .then((response) => (response.ok ? response.json() : null))
    .catch(() => null);
  void handed.answer.then((answer) => show(answer?.items ?? [], true));
}
