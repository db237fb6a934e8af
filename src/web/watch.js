// SPDX-License-Identifier: ISC
// Sees to it that the page does not stay blank: what does not load is told in
// words, and is loaded anew once the server answers.  A request is lost easily:
// a browser ends those under way when a network of its host changes.  Not a
// module, as those are what may be missing.
"use strict";
{
	const FIRST = 1000;    // ms until the first try
	const SLOWEST = 60000; // ms between tries
	const LATE = 15000;    // ms until what has not come is missed
	const PATIENCE = 8000; // ms that an answer may take
	const KEY = "vc5d.tries";
	const part = (tag, text, more) => Object.assign(
	    document.createElement(tag), {textContent: text, ...more});
	const again = () => location.reload();
	let watching = true, tries = 0;

	// How often it was loaded in vain, as far as that can be kept.
	function remember(number)
	{
		try {
			if (number === undefined)
				return Number(sessionStorage.getItem(KEY)) || 0;
			sessionStorage.setItem(KEY, number);
		} catch {
			// Storage may be forbidden: then it is forgotten.
		}
		return number ?? 0;
	}

	function say(text, soon)
	{
		const notice = part("div", "", {className: "notice bad"});
		const ways = part("p", "");

		notice.setAttribute("role", "alert");
		ways.append(part("button", "Try again",
		    {type: "button", onclick: again}), " ",
		    part("a", "The status page", {href: "status.html"}),
		    " needs no scripts.");
		notice.append(part("h1", "The console is not there"),
		    part("p", soon ? `${text} It is tried again by itself.` :
			text), ways);
		document.getElementById("main")?.replaceChildren(notice);
	}

	// Nothing is given up for a page that the server does not have now.
	async function look()
	{
		let answered = false;

		try {
			answered = (await fetch("console.js", {cache: "no-store",
				signal: AbortSignal.timeout(PATIENCE)})).ok;
		} catch {
			// That is what we wait for.
		}
		if (!watching)
			return;
		remember(++tries);
		if (answered)
			again();
		else
			wait();
	}

	function wait()
	{
		setTimeout(look, Math.min(FIRST * 2 ** tries, SLOWEST));
	}

	let late;
	const lose = () => {
		if (!watching || late === undefined)
			return;
		clearTimeout(late);
		late = undefined;
		say("Some of its files did not come.", true);
		wait();
	};

	// Looks are asked for again in place, if only they are missing.
	function restyle(link, pause)
	{
		setTimeout(() => {
			const next = link.cloneNode();

			next.addEventListener("error", (event) => {
				event.stopPropagation();
				restyle(next, Math.min(2 * pause, SLOWEST));
			});
			link.replaceWith(next);
		}, pause);
	}

	const hear = ({target, message}) => {
		if (target instanceof HTMLLinkElement &&
		    target.rel === "stylesheet")
			restyle(target, FIRST);
		else if (target instanceof HTMLScriptElement &&
		    target.type === "module")
			lose();
		else if (target === window && watching) {
			clearTimeout(late);
			say(`It does not run in this browser: ${message}`, false);
		}
	};

	tries = remember();
	late = setTimeout(lose, LATE);
	// What fails to load is told to its element alone, on the way there.
	addEventListener("error", hear, true);
	addEventListener("started", () => {
		watching = false;
		clearTimeout(late);
		remember(0);
	}, {once: true});
}
