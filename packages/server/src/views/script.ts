/**
 * The one script: copy buttons, relative times, and a look every few seconds whether a test that is under way has ended.
 * What somebody is typing is left alone: then only the status is exchanged, and announced.
 *
 * Rule: an enhancement. Whatever it does can be done without it.
 */
import { asset, type Asset } from './asset.ts'

/** The script under the hash of its content; to be served with its `content_type`, cacheable for ever. */
export const script: Asset = asset(
  'js',
  `'use strict';
(() => {
  const announcer = document.getElementById('announcer');

  for (const button of document.querySelectorAll('[data-copy]')) {
    const source = document.getElementById(button.dataset.copy);
    const text = button.querySelector('[data-copy-text]');
    if (!source || !text) continue;
    button.hidden = false;
    button.addEventListener('click', async () => {
      const value = 'value' in source ? source.value : source.textContent;
      let done = true;
      try {
        await navigator.clipboard.writeText(value);
      } catch {
        getSelection().selectAllChildren(source);
        if ('select' in source) source.select();
        done = document.execCommand('copy');
      }
      text.textContent = done ? 'Copied' : 'Press Ctrl+C';
      if (announcer) announcer.textContent = text.textContent;
      setTimeout(() => { text.textContent = 'Copy'; }, 2000);
    });
  }

  const steps = [['day', 86400], ['hour', 3600], ['minute', 60]];
  const format = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  const relate = () => {
    for (const time of document.querySelectorAll('time[data-relative]')) {
      const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
      if (Number.isNaN(seconds) || Math.abs(seconds) > 7 * 86400) continue;
      time.title ||= time.textContent;
      const step = steps.find(([, length]) => Math.abs(seconds) >= length);
      time.textContent = step ? format.format(Math.round(seconds / step[1]), step[0]) : 'just now';
    }
  };
  relate();
  setInterval(relate, 30000);

  // Both groups of fields are one form: the Enter key presses the button that stands below the field.
  for (const input of document.querySelectorAll('#policy input')) {
    input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.isComposing) return;
      event.preventDefault();
      document.getElementById('policy-button').click();
    });
  }

  let typed = false;
  document.addEventListener('input', () => { typed = true; });
  const underWay = '[data-state="testing"], [data-candidate-state="testing"]';
  const page = location.pathname.replace(/(\\/settings\\/sso)\\/.*/, '$1');

  const look = async () => {
    const shown = document.querySelector(underWay);
    if (document.hidden || !shown) return;
    try {
      const response = await fetch(page, { headers: { accept: 'text/html' } });
      const found = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('status');
      if (!response.ok || !found || found.matches(underWay)) return;
      if (!typed) return location.replace(page);
      shown.replaceWith(found);
      if (announcer) announcer.textContent = found.querySelector('h2').textContent;
    } catch {
      // The link “Check again” is still there.
    }
  };
  document.addEventListener('visibilitychange', look);
  addEventListener('pageshow', look);
  if (document.querySelector(underWay)) setInterval(look, 4000);
})();
`,
)
