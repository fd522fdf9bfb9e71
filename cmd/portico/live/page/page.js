// What an open page does by itself: it follows the town, and orders are given
// without leaving the page. Everything works without it. What it puts on the page
// was made, and escaped, by the server; texts it makes are texts.
(() => {
  'use strict';
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const parsed = html => new DOMParser().parseFromString(html, 'text/html');
  const mostRows = 400, lightFor = 1000;

  // The endpoint.
  for (const button of all('[data-copy]')) {
    button.hidden = !navigator.clipboard;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(one('#' + button.dataset.copy).textContent);
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    });
  }

  // The picture lights up where something passes.
  const lights = new Map();
  const light = (element, failed) => {
    element.classList.add(failed ? 'failing' : 'lit');
    clearTimeout(lights.get(element));
    lights.set(element, setTimeout(() => { element.classList.remove('lit', 'failing'); lights.delete(element); }, lightFor));
  };
  const pass = hops => {
    const lit = new Map();
    for (const h of hops) {
      for (const e of all('.hop, .node')) {
        const d = e.dataset;
        if (d.from === h.from && d.to === h.to || d.node === h.to || d.node === h.from && !h.failed) lit.set(e, lit.get(e) || h.failed > 0);
      }
    }
    for (const [element, failed] of lit) light(element, failed);
  };
  const near = event => {
    const node = event.target.closest('.node');
    for (const path of all('.hop')) {
      const touches = node && event.type !== 'focusout' && event.type !== 'mouseout' && [path.dataset.from, path.dataset.to].includes(node.dataset.node);
      path.classList.toggle('near', Boolean(touches));
    }
  };
  for (const type of ['mouseover', 'mouseout', 'focusin', 'focusout']) one('.flow').addEventListener(type, near);

  // How much passes, and what is worth saying aloud.
  const pulse = one('#pulse'), news = one('#news');
  let lately = [], unsaid = { count: 0, failed: 0 }, broken = '', saying = 0;
  const sayBroken = () => { // once, when it is another number
    const text = one('#rules-all')?.textContent || '';
    const said = text === broken ? '' : text;
    broken = text;
    return said;
  };
  sayBroken();
  const speak = () => {
    saying ||= setTimeout(() => {
      const passed = unsaid.count ? `${unsaid.count} new exchanges, ${unsaid.failed} failed` : '';
      const text = [passed, sayBroken()].filter(Boolean).join('. ');
      if (text) news.textContent = text;
      unsaid = { count: 0, failed: 0 };
      saying = 0;
    }, 4000);
  };
  const count = hops => {
    const now = performance.now();
    for (const h of hops) lately.push([now, h.count, h.failed]);
    unsaid.count += hops.reduce((n, h) => n + h.count, 0);
    unsaid.failed += hops.reduce((n, h) => n + h.failed, 0);
    speak();
  };
  setInterval(() => {
    const since = performance.now() - 5000;
    lately = lately.filter(([at]) => at > since);
    const passed = lately.reduce((n, [, count]) => n + count, 0), failed = lately.reduce((n, [, , failed]) => n + failed, 0);
    const text = passed ? `${passed.toLocaleString('en')} exchanges in 5 s, ${failed ? failed.toLocaleString('en') + ' failed' : 'none failed'}` : 'Quiet just now';
    if (pulse.textContent !== text) pulse.textContent = text;
    pulse.hidden = false;
  }, 500);

  // The journal.
  const entries = one('#entries'), pause = one('#pause');
  let paused = false, held = 0, left = 0;
  const tell = () => {
    const note = one('#left');
    const words = [];
    if (held) words.push(`paused: ${held.toLocaleString('en')} more rows were not shown`);
    if (left) words.push(`+ ${left.toLocaleString('en')} more passed too fast to be listed`);
    note.hidden = words.length === 0;
    note.textContent = words.join('; ') + '; ';
    const again = document.createElement('a');
    again.href = location.pathname + location.search;
    again.textContent = 'reload to see those that are kept';
    note.append(again);
  };
  const rowsIn = html => all('li.entry', parsed(`<ol>${html}</ol>`));
  const replaced = row => { // the row of the same exchange, if it is listed
    const old = one(`#entries > .entry[data-id="${row.dataset.id}"]`);
    const keep = old && old.contains(document.activeElement);
    if (old) old.replaceWith(row);
    if (keep) one('.asked', row).focus();
    return Boolean(old);
  };
  const mark = html => rowsIn(html).forEach(replaced);
  const add = html => {
    const rows = rowsIn(html);
    if (paused) { held += rows.length; return; }
    for (const row of rows.reverse()) { // oldest first: each goes to the top
      if (!replaced(row)) entries.prepend(row);
    }
    one('#empty').hidden = entries.childElementCount > 0;
    while (entries.childElementCount > mostRows) entries.lastElementChild.remove();
  };
  pause.hidden = document.body.hasAttribute('data-paged');
  pause.addEventListener('click', () => {
    paused = !paused;
    pause.setAttribute('aria-pressed', paused);
    pause.textContent = paused ? 'Paused' : 'Pause';
  });

  // An exchange opens in place; a modified click goes where it would.
  const close = panel => { const row = panel.previousElementSibling; panel.remove(); one('.asked', row)?.focus(); };
  document.addEventListener('click', async event => {
    const link = event.target.closest('.entry .asked');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button || link.closest('.detail')) return;
    event.preventDefault();
    const row = link.closest('.entry'), next = row.nextElementSibling;
    if (next?.classList.contains('opened')) { close(next); return; }
    const answer = await fetch(link.getAttribute('href') + '?part').catch(() => null);
    const found = answer?.ok && one('.detail, main', parsed(await answer.text()));
    if (!found) { location.href = link.href; return; }
    const panel = document.createElement('li'), shut = document.createElement('button');
    panel.className = 'opened';
    panel.dataset.id = row.dataset.id;
    shut.type = 'button';
    shut.className = 'small close';
    shut.textContent = 'Close';
    shut.addEventListener('click', () => close(panel));
    panel.addEventListener('keydown', e => { if (e.key === 'Escape') close(panel); });
    panel.append(shut, found);
    row.after(panel);
    shut.focus({ preventScroll: true });
  });

  // What changes by itself is asked for again when it has become quiet.
  const edited = new WeakSet();
  document.addEventListener('input', event => { const region = event.target.closest('[data-live]'); if (region) edited.add(region); });
  const swap = (old, fresh) => {
    if (old.innerHTML === fresh.innerHTML) return;
    const active = document.activeElement;
    if (edited.has(old) || old.contains(active) && active.matches('input, select, textarea')) return;
    const id = old.contains(active) ? active.id : '', node = old.contains(active) ? active.dataset?.node : undefined;
    for (const open of all('details[open]', old)) { const d = fresh.querySelector('#' + CSS.escape(open.id)); if (d) d.open = true; }
    const moved = document.importNode(fresh, true);
    old.replaceWith(moved);
    if (id) document.getElementById(id)?.focus({ preventScroll: true });
    if (node) all('.node', moved).find(n => n.dataset.node === node)?.focus({ preventScroll: true });
  };
  let asking = 0, asked = 0;
  const refresh = async () => {
    asking = 0;
    asked = performance.now();
    const answer = await fetch('/state?' + document.body.dataset.query).catch(() => null);
    if (!answer?.ok) return;
    const fresh = parsed(await answer.text());
    for (const part of all('[data-live]', fresh)) {
      const old = all('[data-live]').find(e => e.dataset.live === part.dataset.live);
      if (old) swap(old, part);
    }
  };
  const settle = () => {
    if (performance.now() - asked > 3000 && asking) return; // under constant traffic: now and then
    clearTimeout(asking);
    asking = setTimeout(refresh, Math.max(400, 1000 - (performance.now() - asked)));
  };

  // Orders are given without leaving the page.
  document.addEventListener('submit', async event => {
    const form = event.target;
    if (!form.matches('[data-enhance]')) return;
    event.preventDefault();
    const button = event.submitter || one('button', form);
    button.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
      const page = parsed(await answer.text());
      if (!one('[data-outcome]', page)) throw new Error('no outcome');
      for (const fresh of all('[data-outcome]', page)) {
        const old = all('[data-outcome]').find(e => e.dataset.outcome === fresh.dataset.outcome);
        if (old) old.replaceChildren(...document.importNode(fresh, true).childNodes);
      }
      const region = form.closest('[data-live]');
      if (region) edited.delete(region);
      await refresh();
    } catch {
      form.submit();
    } finally {
      button.removeAttribute('aria-busy');
    }
  });

  // The stream.
  if (document.body.hasAttribute('data-paged')) return; // an older page stands still
  const query = document.body.dataset.query;
  const stream = new EventSource(`/events?since=${document.body.dataset.next}${query ? '&' + query : ''}`);
  stream.addEventListener('message', event => {
    const told = JSON.parse(event.data);
    pass(told.hops);
    if (told.hops.length) count(told.hops);
    add(told.rows);
    mark(told.marked);
    if (told.rules) {
      swap(one('[data-live="rules"]'), one('[data-live="rules"]', parsed(told.rules)));
      speak();
    }
    left += told.left;
    if (left || held) tell();
    if (told.gone) { one('#gone').textContent = told.gone; one('#dropped').hidden = false; }
    if (told.hops.length || told.rows) settle();
  });
  addEventListener('pagehide', () => stream.close());
})();
