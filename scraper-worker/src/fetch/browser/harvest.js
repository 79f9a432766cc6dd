// Runs in the page, in a world of its own that the page's scripts cannot touch. Waits until the page
// is there, goes down to its end until nothing new comes, clicks nothing, and gives its links as JSON.
async (limits) => {
  const CARD = 'li, tr, article, figure, dd, [role="listitem"], [role="row"]';
  const SILENT = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE']);
  const TICK_MS = 50;
  // Characters looked at of one piece of text.
  const TEXT_PIECE = 10000;
  // A card with more links than this is no row of a list but a text with lists in it.
  const ROW_LINKS = 12;
  // How often its links may stand still while a page goes on loading or growing.
  const PATIENCE = 4;

  const end = performance.now() + limits.time_ms;
  const hasTime = () => performance.now() < end;
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  // Until the page was drawn anew, so that what watches for an element to be seen has seen it go and
  // come; not for ever, where nothing is drawn.
  const frame = () =>
    new Promise((done) => {
      const late = setTimeout(done, 200);
      requestAnimationFrame(() => requestAnimationFrame(() => done(clearTimeout(late))));
    });
  const cut = (text, most) => Array.from(text.replace(/\s+/g, ' ').trim()).slice(0, most).join('');
  performance.setResourceTimingBufferSize(100000);

  const blockOf = (element, top) => {
    let node = element;
    while (node !== top && node.parentElement && getComputedStyle(node).display === 'inline') {
      node = node.parentElement;
    }
    return node;
  };

  // The words of an element as they are in the document: neither capitalised by style nor glued
  // together where blocks or lines meet.
  const wordsOf = (element, most) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    let text = '';
    let block = null;
    for (let node = walker.nextNode(); node && text.length < most * 4; node = walker.nextNode()) {
      if (node.nodeType === Node.ELEMENT_NODE) {
        if (node.tagName === 'BR') text += ' ';
        continue;
      }
      const parent = node.parentElement;
      if (!parent || SILENT.has(parent.tagName)) continue;
      const its = blockOf(parent, element);
      if (its !== block) text += ' ';
      block = its;
      text += node.data.slice(0, TEXT_PIECE);
    }
    return cut(text, most);
  };

  const textOf = (link) => {
    const image = link.querySelector('img[alt]');
    const heading = link.querySelector('h1, h2, h3, h4, h5, h6');
    return (
      (heading && wordsOf(heading, limits.text)) ||
      wordsOf(link, limits.text) ||
      cut(link.getAttribute('aria-label') || link.title || (image && image.alt) || '', limits.text)
    );
  };

  const nearOf = (link) => {
    const card = link.closest(CARD);
    if (card && card.getElementsByTagName('a').length <= ROW_LINKS) return wordsOf(card, limits.text);
    let best = '';
    let node = link.parentElement;
    for (let up = 0; up < 4 && node && node !== document.body; up += 1, node = node.parentElement) {
      const words = wordsOf(node, limits.text + 1);
      if (words.length > limits.text) break;
      best = words;
    }
    return best;
  };

  // Rows that leave the document while others come stay known.
  const links = new Map();
  const read = new WeakMap();
  let room = limits.characters;
  const isFull = () => links.size >= limits.links || room <= 0;
  const collect = () => {
    for (const link of document.querySelectorAll('a[href]')) {
      if (isFull()) return;
      if (!/^https?:$/.test(link.protocol) || link.href.length > limits.address) continue;
      const mark = `${link.href}\n${link.textContent}`;
      if (read.get(link) === mark) continue;
      read.set(link, mark);
      const found = { href: link.href, text: textOf(link), near: nearOf(link) };
      const key = `${found.href}\n${found.text}`;
      if (links.has(key)) continue;
      links.set(key, found);
      room -= key.length + found.near.length;
    }
  };

  // What scrolls: the page, or the largest box of a page that stands still.
  const scroller = () => {
    const page = document.scrollingElement || document.documentElement;
    if (page.scrollHeight > innerHeight + 8) return page;
    let best = page;
    for (const box of document.querySelectorAll('main, div, section, ul, ol')) {
      if (box.scrollHeight > Math.max(box.clientHeight + 8, best.scrollHeight) && box.clientHeight > innerHeight / 3) {
        if (/auto|scroll/.test(getComputedStyle(box).overflowY)) best = box;
      }
    }
    return best;
  };

  const state = () => {
    collect();
    const height = scroller().scrollHeight;
    return `${links.size} ${height} ${performance.getEntriesByType('resource').length}`;
  };

  // Since when the page has been waiting for an answer, leaving out what it waits for longer than
  // lists take: some pages keep a question open for ever.
  const waiting = () => {
    document.dispatchEvent(new Event('listsync-asked'));
    const root = document.documentElement;
    const times = (root.getAttribute('data-listsync-asked') || '').split(' ').filter(Boolean).map(Number);
    root.removeAttribute('data-listsync-asked');
    return times.filter((at) => performance.now() - at < limits.answer_ms).length;
  };

  // Until nothing has changed for a while, or for a longer while nothing but what is no link: many
  // pages ask for something every second, for ever.
  const settle = async () => {
    let [last, known] = [state(), links.size];
    let since = performance.now();
    let knownSince = since;
    while (hasTime() && performance.now() - since < limits.quiet_ms) {
      if (performance.now() - knownSince > Math.max(limits.quiet_ms * PATIENCE, limits.answer_ms)) return;
      await pause(TICK_MS);
      const now = state();
      if (now !== last || waiting() > 0) [last, since] = [now, performance.now()];
      if (links.size !== known) [known, knownSince] = [links.size, performance.now()];
    }
  };

  const goDown = async () => {
    const box = scroller();
    // Small steps show lists that keep only what is visible; a very long page gets larger ones.
    const step = Math.max(box.clientHeight * 0.9, box.scrollHeight / 60);
    while (hasTime() && box.scrollTop + box.clientHeight < box.scrollHeight - 2) {
      const before = box.scrollTop;
      box.scrollTop = before + step;
      if (box.scrollTop === before) break;
      await frame();
      collect();
    }
  };

  const isLoading = () => document.readyState !== 'complete' || !document.body;
  while (isLoading() && document.documentElement && performance.now() + limits.time_ms / 2 < end) await pause(TICK_MS);
  if (!document.documentElement) throw new Error('it broke off');
  await settle();

  let scrolled = 0;
  let isWhole = false;
  let idle = 0;
  while (hasTime() && !isFull() && !isWhole && scrolled < limits.scrolls) {
    const box = scroller();
    const [known, height] = [links.size, box.scrollHeight];
    const canScroll = height > box.clientHeight + 2;
    if (idle > 0) {
      // Once more from above: what loads the next rows may have missed that its place was reached.
      box.scrollTop -= box.clientHeight * 2;
      await frame();
    }
    await goDown();
    scrolled += 1;
    await settle();
    idle = links.size === known ? idle + 1 : 0;
    const isStill = idle > (canScroll ? 1 : 0) && scroller().scrollHeight === height;
    isWhole = hasTime() && (isStill || idle >= PATIENCE);
  }
  // What the page asked its own site for and did not get may have been the rest of the list.
  const isLost = (part) =>
    /^(fetch|xmlhttprequest)$/.test(part.initiatorType) &&
    (part.responseStatus === 429 || part.responseStatus >= 500) &&
    new URL(part.name).host === location.host;
  if (performance.getEntriesByType('resource').some(isLost)) isWhole = false;
  if (document.readyState === 'loading') isWhole = false; // the rest of it has not come yet

  const counts = [];
  for (const element of document.querySelectorAll('h1, h2, h3, h4, p, span, strong, b, li, div')) {
    if (counts.length >= 20) break;
    if (element.childElementCount > 0 || element.textContent.length > 40) continue;
    const words = cut(element.textContent, 40);
    if (/^[\d.,]+ [a-z]+$/i.test(words)) counts.push(words);
  }

  const [navigation] = performance.getEntriesByType('navigation');
  return JSON.stringify({
    url: location.href,
    status: (navigation && navigation.responseStatus) || 0,
    title: cut(document.title, limits.text),
    links: Array.from(links.values()),
    counts,
    scrolled,
    is_whole: isWhole,
  });
}
