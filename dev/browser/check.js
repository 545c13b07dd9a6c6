// What is wrong with the page as it stands, for a screen of a given width. An expression: a function of {width, checks}
// that returns findings of {check, where, says}. browser.Tab.Check calls it.
({width, checks}) => {
  const findings = [];
  const wanted = new Set(checks);
  const report = (check, el, says) => { if (wanted.has(check)) findings.push({check, where: name(el), says}); };

  // name is how a person finds the element again.
  function name(el) {
    if (!el || el === document.documentElement) return 'the page';
    const id = el.id ? '#' + el.id : '';
    const cls = typeof el.className === 'string' && el.className.trim() ? '.' + el.className.trim().split(/\s+/).join('.') : '';
    const text = (el.innerText || el.value || '').trim().replace(/\s+/g, ' ').slice(0, 40);
    return '<' + el.tagName.toLowerCase() + id + cls + '>' + (text ? ' “' + text + '”' : '');
  }

  const style = el => getComputedStyle(el);
  const elements = [...document.querySelectorAll('body, body *')].filter(el => !el.closest('head, script, style, template, noscript'));
  const visible = el => el.checkVisibility({visibilityProperty: true, opacityProperty: true});

  // clip is the part of a box that the element's ancestors let through, or null if nothing is left. Text for screen
  // readers only is clipped to a pixel.
  function clip(rect, el) {
    let {left, top, right, bottom} = rect;
    for (let a = el; a && a !== document.documentElement; a = a.parentElement) {
      const s = style(a);
      if (s.clipPath === 'inset(50%)' || s.clip === 'rect(0px, 0px, 0px, 0px)' || s.clip === 'rect(1px, 1px, 1px, 1px)') return null;
      if (s.overflowX === 'visible' && s.overflowY === 'visible') continue;
      if (a === document.body) continue; // the viewport's own scrolling
      const b = a.getBoundingClientRect();
      left = Math.max(left, b.left); right = Math.min(right, b.right);
      top = Math.max(top, b.top); bottom = Math.min(bottom, b.bottom);
    }
    return right - left > 1 && bottom - top > 1 ? {left, top, right, bottom} : null;
  }
  const onPaper = r => r.right + scrollX > 0 && r.bottom + scrollY > 0;

  // --- Colors are [r, g, b, a], 0 to 255 and 0 to 1.
  const painter = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  function color(css) {
    const m = css.match(/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/);
    if (m) return [+m[1], +m[2], +m[3], m[4] === undefined ? 1 : +m[4]];
    painter.clearRect(0, 0, 1, 1);
    painter.fillStyle = css; // oklch() and other spaces
    painter.fillRect(0, 0, 1, 1);
    const d = painter.getImageData(0, 0, 1, 1).data;
    return [d[0], d[1], d[2], d[3] / 255];
  }
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const fade = (inner, outer, part) => [0, 1, 2].map(i => inner[i] * part + outer[i] * (1 - part)).concat(1);
  function luminance(c) {
    const [r, g, b] = c.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function contrast(a, b) {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  }
  const hex = c => '#' + c.slice(0, 3).map(v => Math.round(v).toString(16).padStart(2, '0')).join('');

  // canvas is what the browser paints below everything: white, or nearly black where the page offers a dark scheme.
  function canvas() {
    const probe = document.createElement('div');
    probe.style.display = 'none';
    probe.style.backgroundColor = 'Canvas';
    document.documentElement.append(probe);
    const c = color(style(probe).backgroundColor);
    probe.remove();
    return c;
  }
  const bottom = canvas();

  // paint composes an element's backgrounds from the canvas up, with ink on top unless it is null; opacity counts for
  // the group that it dims.
  function paint(el, ink) {
    const chain = [];
    for (let a = el; a; a = a.parentElement) chain.unshift(style(a));
    const layer = (i, below) => {
      const own = over(color(chain[i].backgroundColor), below);
      const inner = i + 1 < chain.length ? layer(i + 1, own) : ink ? over(ink, own) : own;
      return fade(inner, below, +chain[i].opacity);
    };
    return layer(0, bottom);
  }
  // picture is the nearest element whose background is a picture that nothing opaque covers.
  function picture(el) {
    for (let a = el; a; a = a.parentElement) {
      const s = style(a);
      if (s.backgroundImage !== 'none') return a;
      if (color(s.backgroundColor)[3] === 1) return null;
    }
    return null;
  }
  function read(el, s, what) {
    if (picture(el)) { report('contrast', el, what + ' lies on a background picture, where contrast cannot be told'); return; }
    const size = parseFloat(s.fontSize), need = size >= 24 || (size >= 18.66 && +s.fontWeight >= 700) ? 3 : 4.5;
    const ground = paint(el, null), ink = paint(el, color(el instanceof SVGElement ? s.fill : s.webkitTextFillColor));
    const got = contrast(ink, ground);
    if (got < need - 0.005) report('contrast', el, `${what} has a contrast of ${got.toFixed(2)}:1, not ${need}:1 (${hex(ink)} on ${hex(ground)})`);
  }

  function texts() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let n = walker.nextNode(); n; n = walker.nextNode()) {
      const el = n.parentElement;
      if (!n.data.trim() || el.closest('script, style, template, noscript, option, :disabled') || !visible(el)) continue;
      range.selectNodeContents(n);
      const shown = [...range.getClientRects()].map(r => clip(r, el)).some(r => r && onPaper(r));
      if (shown) read(el, style(el), 'text');
    }
    for (const el of elements) {
      if (!visible(el)) continue;
      if (el.matches('input:not([type=hidden], [type=checkbox], [type=radio], :disabled), select:not(:disabled), textarea:not(:disabled)') && el.value) read(el, style(el), 'its value');
      if (el.tagName === 'IMG' && el.alt && !(el.complete && el.naturalWidth)) read(el, style(el), 'the text in place of the picture');
      for (const pseudo of ['::before', '::after', '::marker']) {
        const s = getComputedStyle(el, pseudo);
        if (/^".*\S.*"$/.test(s.content) && s.display !== 'none') read(el, s, pseudo);
      }
    }
  }

  function overflow() {
    const root = document.scrollingElement, across = Math.max(root.scrollWidth, document.documentElement.clientWidth);
    if (across > width) report('overflow', null, `it is ${across}px wide on a screen of ${width}px`);
    for (const el of elements) {
      if (!visible(el)) continue;
      const s = style(el), box = el.getBoundingClientRect();
      const seen = box.width && box.height && clip(box, el.parentElement);
      if (!seen || !onPaper(seen)) continue;
      if (seen.right + scrollX > width + 1 || seen.left + scrollX < -1) report('overflow', el, `it reaches from ${Math.round(seen.left)}px to ${Math.round(seen.right)}px on a screen of ${width}px`);
      if (['hidden', 'clip'].includes(s.overflowX) && el !== document.body && box.width > 1 && el.scrollWidth > el.clientWidth + 1)
        report('overflow', el, `${el.scrollWidth - el.clientWidth}px of it are cut off`);
    }
  }

  // --- What fingers aim at.
  function targets() {
    const pad = 44, least = 24;
    const all = elements.filter(el => el.matches('a[href], button, select, textarea, summary, input:not([type=hidden])') && visible(el)).map(el => {
      // A label is as good as its field, so the larger of them counts.
      const [box] = [el, ...(el.labels || [])].map(e => e.getBoundingClientRect()).sort((a, b) => b.width * b.height - a.width * a.height);
      return {el, left: box.left, right: box.right, top: box.top, bottom: box.bottom};
    }).filter(t => t.right > t.left && t.bottom > t.top && onPaper(t) && !inText(t.el));
    for (const t of all) {
      const tall = t.bottom - t.top, wide = t.right - t.left, size = `${Math.round(wide)}×${Math.round(tall)}px`;
      if (tall >= pad - 0.5 && wide >= least) continue;
      if (tall < least || wide < least) { report('target', t.el, `${size} is too small for a finger`); continue; }
      // A smaller one will do where a finger on its middle touches no other.
      const x = (t.left + t.right) / 2, y = (t.top + t.bottom) / 2, half = pad / 2;
      const near = all.find(o => o !== t && o.left < x + half && o.right > x - half && o.top < y + half && o.bottom > y - half);
      if (near) report('target', t.el, `${size} is too near to ${name(near.el)}`);
    }
  }
  // inText: a link among words, which grows with the text and is exempt.
  function inText(el) {
    if (el.tagName !== 'A' || style(el).display !== 'inline') return false;
    let block = el.parentElement;
    while (style(block).display === 'inline') block = block.parentElement;
    const links = [...block.querySelectorAll('a')].map(a => a.textContent).join('');
    return block.textContent.replace(/\s/g, '').length > links.replace(/\s/g, '').length;
  }

  function labels() {
    const called = el => (el.getAttribute('aria-label') || '').trim() ||
      (el.getAttribute('aria-labelledby') || '').split(/\s+/).some(id => document.getElementById(id)?.textContent.trim());
    for (const el of elements) {
      if (el.matches('input:not([type=hidden], [type=submit], [type=button], [type=image]), select, textarea')) {
        if (!called(el) && ![...el.labels].some(l => l.textContent.trim())) report('label', el, 'it has no label');
        if (el.placeholder) report('label', el, 'a placeholder is no label: it goes as soon as somebody writes');
      } else if (el.matches('button, a[href], input[type=submit], input[type=button]')) {
        const pictured = [...el.querySelectorAll('img')].some(i => i.alt.trim());
        if (!called(el) && !pictured && !(el.value || el.textContent || '').trim()) report('label', el, 'it has no words');
      }
    }
  }

  function outline() {
    if (!document.documentElement.lang.trim()) report('lang', null, 'it does not say its language');
    if (!document.title.trim()) report('title', null, 'it has no title');
    for (const img of document.images) if (!img.hasAttribute('alt')) report('alt', img, 'the picture has no alternative text');
    const heads = document.querySelectorAll('h1').length;
    if (heads !== 1) report('heading', null, `it has ${heads} main headings, not 1`);
    if (document.querySelectorAll('main').length !== 1) report('heading', null, 'it has no main part');
  }

  outline();
  if (wanted.has('contrast')) texts();
  if (wanted.has('overflow')) overflow();
  if (wanted.has('target')) targets();
  if (wanted.has('label')) labels();
  return findings;
}
