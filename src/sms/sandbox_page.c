/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The page of the simulated phones: plain HTML, CSS and JavaScript, in here so that nothing has to
 * be found at run time. It loads nothing from elsewhere, and its policy forbids inline code; what
 * people texted is only ever set as textContent.
 *
 * One string for each line: a literal as long as a page is more than C promises to take.
 */
#include "base/strbuf.h"
#include "sms/sandbox_priv.h"

#include <string.h>

/* clang-format off: one line here is one line there */
static const char *const html[] = {
	"<!doctype html>",
	"<html lang=en>",
	"<meta charset=utf-8>",
	"<meta name=viewport content='width=device-width,initial-scale=1'>",
	"<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; script-src 'self';",
	" style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'\">",
	"<title>Roomline phones</title>",
	"<link rel=stylesheet href=/sandbox/page.css>",
	"<script defer src=/sandbox/page.js></script>",
	"<aside>",
	"<h1>Phones</h1>",
	"<form id=open><input id=number type=tel placeholder='+15555550123'",
	" aria-label='Number of a phone'>",
	"<button>Pick up</button></form>",
	"<nav id=phones aria-label=Phones></nav>",
	"<details><summary>What can go wrong</summary>",
	"<p>Words in a text to a phone: <code>error30007</code> (or another code) fails it later,",
	" <code>reject429</code> or <code>reject21610</code> refuses it, <code>lostanswer</code> "
	"and",
	" <code>noanswer</code> lose the carrier's answer, <code>late30</code> "
	"<code>duplicate</code>",
	" <code>outoforder</code> <code>noreport</code> do that to its reports.",
	"<p>Texts to +15005550001, 2, 3, 4 and 9 are refused as by Twilio.</details>",
	"</aside>",
	"<main>",
	"<header><strong id=who>Pick up a phone</strong>",
	"<label>texts to <select id=line></select></label></header>",
	"<ol id=texts aria-live=polite></ol>",
	"<form id=say><textarea id=text rows=2 placeholder='Text as this person' aria-label=Text",
	" disabled></textarea><button disabled id=send>Send</button></form>",
	"<p id=problem role=alert></p>",
	"</main>",
	NULL,
};

static const char *const css[] = {
	":root{--ink:#1d2129;--soft:#6b7280;--line:#dfe3e8;--paper:#fff;--wall:#f3f4f6;--us:#"
	"e5e7eb;",
	"--them:#1f6feb;--bad:#b42318;color-scheme:light dark}",
	"@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#9aa3ae;--line:#30363d;",
	"--paper:#161b22;--wall:#0d1117;--us:#262c36;--them:#1f6feb;--bad:#ff8a80}}",
	"*{box-sizing:border-box}",
	"body{margin:0;height:100dvh;display:grid;grid-template-columns:19rem "
	"1fr;color:var(--ink);",
	"background:var(--wall);font:15px/1.45 system-ui,sans-serif}",
	"aside{border-right:1px solid "
	"var(--line);padding:1rem;overflow:auto;background:var(--paper)}",
	"h1{font-size:1.05rem;margin:0 0 .7rem}",
	"form{display:flex;gap:.5rem}",
	"input,textarea,select,button{font:inherit;color:inherit;border:1px solid var(--line);",
	"border-radius:.6rem;padding:.45rem .7rem;background:var(--paper);min-width:0}",
	"input,textarea{flex:1}",
	"textarea{resize:none}",
	"button{background:var(--them);border-color:var(--them);color:#fff;cursor:pointer}",
	"button:disabled{opacity:.45;cursor:default}",
	"nav{margin:.8rem 0}",
	"nav "
	"button{display:block;width:100%;text-align:left;background:none;border:0;color:inherit;",
	"padding:.5rem .6rem}",
	"nav button[aria-current=true]{background:var(--us)}",
	"nav small{display:block;color:var(--soft);white-space:nowrap;overflow:hidden;",
	"text-overflow:ellipsis}",
	"details{color:var(--soft);font-size:.87rem}",
	"code{background:var(--us);border-radius:.3rem;padding:0 .25rem}",
	"main{display:flex;flex-direction:column;min-width:0;height:100dvh}",
	"header{padding:.9rem 1.2rem;border-bottom:1px solid var(--line);background:var(--paper);",
	"display:flex;gap:1rem;align-items:center;flex-wrap:wrap}",
	"label{color:var(--soft)}",
	"ol{flex:1;overflow:auto;margin:0;padding:1.2rem;list-style:none;display:flex;",
	"flex-direction:column;gap:.5rem}",
	"li{max-width:min(34rem,80%);padding:.5rem .8rem;border-radius:1rem;background:var(--us);",
	"align-self:flex-start;white-space:pre-wrap;overflow-wrap:anywhere}",
	"li.out{background:var(--them);color:#fff;align-self:flex-end}",
	"li small{display:block;opacity:.75;font-size:.75rem}",
	"li.refused small{font-weight:700}",
	"#say{padding:.9rem 1.2rem;border-top:1px solid var(--line);background:var(--paper)}",
	"#problem{margin:0;padding:0 1.2rem;color:var(--bad);background:var(--paper)}",
	"@media(max-width:44rem){body{grid-template-columns:1fr;grid-template-rows:auto 1fr}",
	"aside{border:0;max-height:38dvh}main{height:auto;min-height:0}}",
	NULL,
};

static const char *const js[] = {
	"'use strict';",
	"const byId = id => document.getElementById(id);",
	"let phone = '', shown = '';",
	"",
	"function say(problem) { byId('problem').textContent = problem; }",
	"",
	"async function api(path, body) {",
	"  const answer = await fetch('/sandbox/api/' + path, body && {method: 'POST',",
	"    headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});",
	"  const json = await answer.json();",
	"  if (!answer.ok) throw new Error(json.error || answer.status);",
	"  return json;",
	"}",
	"",
	"function make(tag, text, parent) {",
	"  const node = document.createElement(tag);",
	"  node.textContent = text;",
	"  parent.append(node);",
	"  return node;",
	"}",
	"",
	"function pickUp(number) {",
	"  phone = number;",
	"  shown = '';",
	"  byId('who').textContent = number;",
	"  byId('text').disabled = byId('send').disabled = false;",
	"  byId('texts').replaceChildren();",
	"  byId('text').focus();",
	"  refresh();",
	"}",
	"",
	"function showPhones(phones) {",
	"  byId('phones').replaceChildren(...phones.map(p => {",
	"    const button = document.createElement('button');",
	"    make('span', p.number, button);",
	"    make('small', p.last, button);",
	"    button.setAttribute('aria-current', p.number === phone);",
	"    button.onclick = () => pickUp(p.number);",
	"    return button;",
	"  }));",
	"}",
	"",
	"function showLines(lines) {",
	"  const select = byId('line');",
	"  if (select.options.length === lines.length) return;",
	"  select.replaceChildren();",
	"  for (const number of lines) make('option', number, select);",
	"}",
	"",
	"function showTexts(texts) {",
	"  const list = byId('texts'), now = JSON.stringify(texts);",
	"  if (now === shown) return;",
	"  shown = now;",
	"  list.replaceChildren();",
	"  for (const t of texts) {",
	"    const item = make('li', t.text, list);",
	"    item.className = t.direction + ' ' + t.state;",
	"    for (const url of t.media) make('small', url, item);",
	"    const other = t.direction === 'in' ? 'from ' + t.from : 'to ' + t.to;",
	"    make('small', new Date(t.at).toLocaleTimeString() + ' \\u00b7 ' + other + ' \\u00b7 ' "
	"+",
	"      t.state, item);",
	"  }",
	"  list.scrollTop = list.scrollHeight;",
	"}",
	"",
	"async function refresh() {",
	"  try {",
	"    const wanted = phone;",
	"    const {lines, phones} = await api('phones');",
	"    showLines(lines);",
	"    showPhones(phones);",
	"    if (!wanted) return;",
	"    const {texts} = await api('phone/' + encodeURIComponent(wanted) + '/texts');",
	"    if (wanted === phone) showTexts(texts);",
	"    if (byId('problem').dataset.lost) { say(''); delete byId('problem').dataset.lost; }",
	"  } catch (e) {",
	"    say('Roomline does not answer: ' + e.message);",
	"    byId('problem').dataset.lost = 'yes';",
	"  }",
	"}",
	"",
	"byId('open').onsubmit = event => {",
	"  event.preventDefault();",
	"  const digits = byId('number').value.replace(/[^0-9+]/g, '');",
	"  if (digits.length < 3) return say('A number has more digits.');",
	"  say('');",
	"  pickUp(/^[0-9]{10}$/.test(digits) ? '+1' + digits : digits);",
	"};",
	"",
	"byId('say').onsubmit = async event => {",
	"  event.preventDefault();",
	"  const field = byId('text');",
	"  if (!field.value) return;",
	"  try {",
	"    await api('text', {from: phone, to: byId('line').value, text: field.value});",
	"    field.value = '';",
	"    say('');",
	"  } catch (e) { say(e.message); }",
	"  refresh();",
	"};",
	"",
	"byId('text').onkeydown = event => {",
	"  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;",
	"  event.preventDefault();",
	"  byId('say').requestSubmit();",
	"};",
	"",
	"refresh();",
	"setInterval(() => { if (!document.hidden) refresh(); }, 1000);",
	NULL,
};
/* clang-format on */

static const struct {
	const char *path;
	const char *type;
	const char *const *lines;
} files[] = {
	{"", "text/html; charset=utf-8", html},
	{"/", "text/html; charset=utf-8", html},
	{"/page.css", "text/css; charset=utf-8", css},
	{"/page.js", "text/javascript; charset=utf-8", js},
};

bool page_reply(struct http_exchange *exchange, const char *path)
{
	STRBUF_AUTO(body);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i].path, path) != 0)
			continue;
		for (const char *const *line = files[i].lines; *line; line++)
			strbuf_addf(&body, "%s\n", *line);
		http_reply(exchange, 200, files[i].type, body.buf, body.len);
		return true;
	}
	return false;
}
