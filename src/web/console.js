// SPDX-License-Identifier: ISC
// The console: what is shown is what the URL's part behind "#" says, and each
// view is told what the server tells.  A view that fails says so, and no other
// is harmed by it.

import * as overview from "./overview.js";
import {backendPage, page as backends} from "./backends.js";
import {el, setAttribute, setState, setText, show, state} from "./dom.js";
import {time} from "./format.js";
import {page as history} from "./history.js";
import {live} from "./live.js";
import {page as log} from "./log.js";
import {page as prefixes} from "./prefixes.js";
import {Search} from "./search.js";
import {page as service} from "./service.js";
import {page as services} from "./services.js";
import {Speaker} from "./speak.js";
import {page as system} from "./system.js";
import {page as vip} from "./vip.js";

// Views by the first word; the second one is theirs.
const VIEWS = {
	"": overview.page,
	services,
	service,
	backends,
	backend: backendPage,
	history,
	log,
	prefixes,
	system,
	vip,
};
const ONES = ["service", "backend", "vip"]; // of which one is named
const MENU = {service: "services", backend: "backends", vip: ""};

const main = document.getElementById("main");
const connection = document.getElementById("connection");
const mark = state("none", "connecting");
const search = new Search();
const speaker = new Speaker(document.getElementById("spoken"),
    document.getElementById("alarm"));
const fault = el("p", {class: "notice bad", role: "alert", hidden: true});
const faults = new Map(); // what failed in this view: why
const places = new Map(); // how far each view was scrolled
let current = null; // {hash, view}
let latest = null;  // the overview
let byLink = false; // what is shown next was asked for, not gone back to

// "#/service/ID?q=text": its words and parameters; null if it is nonsense.
function parse(hash)
{
	const [path, query] = hash.replace(/^#?\/?/, "").split("?", 2);

	try {
		return {words: path.split("/").map(decodeURIComponent),
			parameters: new URLSearchParams(query ?? "")};
	} catch {
		return null;
	}
}

function missing()
{
	return {
		title: "Not found",
		node: el("div", {class: "stack"},
		    el("h1", {tabindex: "-1", text: "There is no such view"}),
		    el("p", null, "Perhaps ", el("a", {href: "#/",
			text: "the overview"}), " helps.")),
	};
}

// Instead of a view that can't be made.
function broken(error)
{
	console.error(error);
	return {
		title: "Failed",
		node: el("div", {class: "stack"},
		    el("h1", {tabindex: "-1", text: "This view has failed"}),
		    el("p", {class: "notice bad", role: "alert",
			text: String(error?.message ?? error)}),
		    el("p", null, "The others may work. ",
			el("button", {type: "button", text: "Try again",
			    onclick: navigate}), " ",
			el("a", {href: "status.html",
			    text: "The status page"}), " needs no scripts.")),
	};
}

function tellFaults()
{
	const [why] = faults.values();

	show(fault, faults.size > 0);
	setText(fault, why === undefined ? "" :
	    `A part of this page has failed, and may be out of date: ${why}`);
}

// What is an error of the same kind time and again is told once.
function fail(what, error)
{
	const why = String(error?.message ?? error);

	if (faults.get(what) === why)
		return;
	console.error(error);
	faults.set(what, why);
	tellFaults();
}

// Do this in the view's name.
function attempt(what, f)
{
	try {
		f();
	} catch (error) {
		fail(what, error);
		return;
	}
	if (faults.delete(what))
		tellFaults();
}

const tell = (name, detail) =>
    attempt(name, () => current.view[name]?.(detail));

function titled(view)
{
	const host = latest?.hostname ? `${latest.hostname} · ` : "";

	document.title = `${view.title} · ${host}vc5d`;
}

function setMenu(word)
{
	for (const link of document.querySelectorAll("#views a"))
		setAttribute(link, "aria-current", link.hash ===
		    `#/${MENU[word] ?? word}` ? "page" : null);
}

// Where it was when it was left, as soon as it is as long again.
function restore(y)
{
	const until = performance.now() + 3000;
	const stop = new AbortController();
	const step = () => {
		if (stop.signal.aborted || performance.now() > until)
			return;
		scrollTo(0, y);
		if (Math.abs(scrollY - y) > 2)
			requestAnimationFrame(step);
	};

	for (const event of ["wheel", "touchmove", "keydown", "hashchange"])
		addEventListener(event, () => stop.abort(),
		    {once: true, passive: true, signal: stop.signal});
	step();
}

function make(page, parameters, id)
{
	try {
		return page(parameters, id);
	} catch (error) {
		return broken(error);
	}
}

function navigate()
{
	const first = current === null;
	const place = parse(location.hash);
	const [word, id] = place?.words ?? [];
	const known = place !== null && Object.hasOwn(VIEWS, word) &&
	    (id !== undefined) === ONES.includes(word) &&
	    id !== "";
	const y = byLink ? 0 : places.get(location.hash) ?? 0;

	byLink = false;
	attempt("close", () => current?.view.close?.());
	faults.clear();
	tellFaults();
	const view = known ? make(VIEWS[word], place.parameters, id) :
	    missing();

	current = {hash: location.hash, view};
	main.replaceChildren(fault, view.node);
	setMenu(known ? word : null);
	titled(view);
	if (latest !== null)
		tell("overview", latest);
	restore(y);
	// Those who don't see the page are told that it is another one.
	if (!first)
		main.querySelector("h1")?.focus({preventScroll: true});
}

function remember()
{
	if (current !== null && current.hash === location.hash)
		places.set(current.hash, scrollY);
}

// What a view is filtered by becomes part of its URL.
function keepFilters()
{
	const used = Object.entries(current.view.filters?.() ?? {})
	    .filter(([, value]) => value !== "");
	const path = location.hash.split("?")[0] || "#/";
	const query = new URLSearchParams(used).toString();
	const hash = query === "" ? path : `${path}?${query}`;

	window.history.replaceState(null, "", hash);
	current.hash = hash;
}

function tellConnection()
{
	const since = time(live.since);
	const words = {
		starting: ["none", "connecting"],
		live: ["good", "live"],
		polling: ["warn", "polling"],
		lost: ["bad", `no answer since ${since}`],
	};

	setState(mark, ...words[live.state]);
	speaker.connection(live.state !== "lost");
	setAttribute(connection, "title", live.state === "polling" ?
	    "Events do not come through: asking every two seconds" :
	    live.error || null);
	main.classList.toggle("stale", live.state === "lost");
}

function listen()
{
	live.addEventListener("overview", ({detail}) => {
		latest = detail;
		setText(document.getElementById("hostname"), detail.hostname);
		attempt("search", () => search.overview(detail));
		attempt("speech", () => speaker.overview(detail));
		tell("overview", detail);
		titled(current.view);
	});
	for (const name of ["service", "history", "log"])
		live.addEventListener(name, ({detail}) => tell(name, detail));
	live.addEventListener("state", tellConnection);
	addEventListener("fault", ({detail}) => fail("repeat", detail));
	addEventListener("error", ({error, message}) =>
	    fail("script", error ?? message));
	addEventListener("unhandledrejection", ({reason}) =>
	    fail("script", reason));
	addEventListener("hashchange", navigate);
	addEventListener("filters", keepFilters);
	addEventListener("scroll", remember, {passive: true});
	document.addEventListener("click", (event) => {
		if (event.target.closest?.("a[href^='#/']"))
			byLink = true;
	});
	document.getElementById("skip").addEventListener("click", (event) => {
		event.preventDefault();
		main.focus();
	});
}

function chooseTheme()
{
	const select = document.getElementById("theme");
	const root = document.documentElement;

	select.value = root.dataset.theme ?? "";
	select.addEventListener("change", () => {
		if (select.value === "")
			delete root.dataset.theme;
		else
			root.dataset.theme = select.value;
		try {
			localStorage.setItem("vc5d.theme", select.value);
		} catch {
			// Then it lasts as long as the page does.
		}
		dispatchEvent(new Event("theme"));
	});
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change",
	    () => dispatchEvent(new Event("theme")));
}

window.history.scrollRestoration = "manual";
connection.append(mark);
chooseTheme();
navigate();
listen();
live.start();
dispatchEvent(new Event("started"));
