// Whether somebody who goes through the page with the Tab key sees where they are. An object; browser.Tab.Focus keeps it
// in the page while it presses Tab.
(() => {
  const can = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
    .filter(el => !el.disabled && el.tabIndex >= 0 && el.checkVisibility({visibilityProperty: true}));
  const about = el => [el, ...(el.labels || []), ...(el.closest('label') ? [el.closest('label')] : []), el.nextElementSibling, el.parentElement].filter(Boolean);
  const looks = ['outlineStyle', 'outlineWidth', 'outlineColor', 'boxShadow', 'backgroundColor', 'borderTopColor', 'borderTopWidth', 'borderBottomColor', 'color', 'textDecorationLine', 'textDecorationThickness'];
  const look = el => about(el).map(e => [null, '::before', '::after'].map(p => { const s = getComputedStyle(e, p); return looks.map(k => s[k]).join(' '); }).join('|')).join('‖');
  const name = el => '<' + el.tagName.toLowerCase() + '> “' + (el.innerText || el.value || el.labels?.[0]?.innerText || '').trim().slice(0, 40) + '”';
  const before = new Map(can.map(el => [el, look(el)]));
  const reached = new Set();
  return {
    // step looks at what has the focus now; false: nothing new.
    step() {
      const el = document.activeElement;
      if (!el || el === document.body || reached.has(el)) return {more: false, findings: []};
      reached.add(el);
      const unseen = before.has(el) && before.get(el) === look(el);
      return {more: true, findings: unseen ? [{check: 'focus', where: name(el), says: 'nothing shows that it has the focus'}] : []};
    },
    rest() {
      const group = el => el.type === 'radio' && [...reached].some(r => r.type === 'radio' && r.name === el.name);
      return can.filter(el => !reached.has(el) && !group(el)).map(el => ({check: 'focus', where: name(el), says: 'Tab does not reach it'}));
    },
  };
})()
