// SPDX-License-Identifier: ISC
// The log, as it is written.

import {el, panel, setAttribute, setText} from "./dom.js";
import {count, date, stamp} from "./format.js";
import {choice, searchBox} from "./filters.js";
import {ask, pathOf} from "./live.js";
import {PRIORITY_NAMES, matches, priority, wordsOf} from "./model.js";
import {insist} from "./repeat.js";

const MOST = 1000; // lines

const LEVELS = {"": "All priorities"};
for (const name of ["info", "notice", "warning", "error"])
	LEVELS[name] = `${name} and above`;

function view(line)
{
	const {name, tone} = priority(line.priority);

	return el("li", {class: tone === "none" ? null : tone},
	    el("time", {datetime: stamp(line.at), text: date(line.at)}),
	    el("span", {class: "priority", text: name}),
	    el("span", {class: "what", text: line.text}));
}

export function page(parameters)
{
	const filter = searchBox("Filter the log", parameters.get("q"), draw);
	const level = choice("Priority", LEVELS, parameters.get("level"), draw);
	const told = el("span", {class: "soft"});
	const follow = el("button", {type: "button", text: "Follow",
		"aria-pressed": "true", onclick: () => pin(!pinned())});
	const {node, body} = panel("Log", told, el("div", {class: "filters"},
	    filter.node, level.node, follow));
	const list = el("ol", {class: "lines", tabindex: "0",
		"aria-label": "Lines of the log"});
	const none = el("p", {class: "empty",
		text: "Asking for the log…"});
	const known = new Map();

	const pinned = () => follow.getAttribute("aria-pressed") === "true";

	function pin(on)
	{
		setAttribute(follow, "aria-pressed", String(on));
		if (on)
			list.scrollTop = list.scrollHeight;
	}

	function fits(line)
	{
		const least = level.value() === "" ? PRIORITY_NAMES.length :
		    PRIORITY_NAMES.indexOf(level.value());

		return priority(line.priority).number <= least &&
		    matches(wordsOf(filter.value()), line.text ?? "");
	}

	function tell()
	{
		const number = list.childElementCount;

		setText(told, `${count(number)} of ${count(known.size)} lines`);
		none.hidden = number > 0;
		list.hidden = number === 0;
		setText(none, known.size > 0 ? "No line is like that." :
		    "Nothing was logged yet.");
		if (pinned())
			list.scrollTop = list.scrollHeight;
	}

	function draw()
	{
		list.replaceChildren(...[...known.values()].filter(fits)
		    .map(view));
		tell();
	}

	// Each line once; one that stands for itself may come twice, from the
	// past and as it was written.
	function add(line)
	{
		const key = `${line.at} ${line.text}`;

		if (known.has(key))
			return;
		known.set(key, line);
		if (fits(line))
			list.append(view(line));
		if (known.size > MOST) {
			known.delete(known.keys().next().value);
			if (list.childElementCount > MOST)
				list.firstChild.remove();
		}
	}

	// Who scrolls up wants to read; who is at the end, to follow.
	list.addEventListener("scroll", () => {
		const below = list.scrollHeight - list.scrollTop -
		    list.clientHeight;

		setAttribute(follow, "aria-pressed", String(below < 24));
	}, {passive: true});
	body.replaceChildren(none);
	body.replaceWith(list, none);
	list.hidden = true;
	const stop = insist(async () => {
		const document = await ask(pathOf("log.json", {limit: 500}));
		const newer = [...known.values()];

		known.clear();
		list.replaceChildren();
		[...document.log ?? [], ...newer].forEach(add);
		tell();
	}, (error) => setText(none, `The log does not come: ${error.message}`));

	return {
		title: "Log",
		node: el("div", {class: "stack"},
		    el("h1", {class: "hidden", tabindex: "-1", text: "Log"}),
		    node),
		filters: () => ({q: filter.value(), level: level.value()}),
		log(line) {
			add(line);
			tell();
		},
		close: stop,
	};
}
