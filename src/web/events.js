// SPDX-License-Identifier: ISC
// Lists of transitions, the newest first.

import {el, keyed, setText, state} from "./dom.js";
import {date, stamp, time} from "./format.js";
import {tone} from "./model.js";

const day = (at) => new Date(at).toDateString();

function view(event)
{
	const change = event.from && event.to ?
	    `${event.from} → ${event.to}` : event.to || event.from || "";
	const today = day(event.at) === day(Date.now());

	return {node: el("li", null,
	    el("time", {datetime: stamp(event.at), title: date(event.at),
		text: today ? time(event.at) : date(event.at)}),
	    state(tone(event.to), event.to || event.kind),
	    el("div", {class: "what"},
		el("span", {text: event.subject}), " ",
		el("span", {class: "sub", text:
		    [`${event.kind}: ${change}`, event.reason]
			.filter((text) => text).join(" · ")})))};
}

// A list of events: {node, set(events), add(event)}; keeps as many as most,
// and shows as many as shown() at a time, of those that fits() lets through.
export function eventList(label, most, {fits = () => true, empty} = {})
{
	const list = el("ol", {class: "events", "aria-label": label});
	const none = el("p", {class: "empty",
		text: empty ?? "Nothing has happened yet."});
	const known = new Map();

	function draw()
	{
		const events = [...known.values()].filter(fits)
		    .sort((a, b) => b.number - a.number);

		keyed(list, events.slice(0, most), (event) => event.number,
		    view);
		none.hidden = events.length > 0;
		list.hidden = events.length === 0;
		return events.length;
	}

	function add(event)
	{
		if (typeof event?.number !== "number")
			return;
		known.set(event.number, event);
		// The numbers grow: the first is the oldest that came.
		while (known.size > 2 * most)
			known.delete(Math.min(...known.keys()));
	}

	draw();
	return {
		node: el("div", null, list, none),
		none,
		draw,
		set(events) {
			events.forEach(add);
			return draw();
		},
		add(event) {
			add(event);
			return draw();
		},
		say(text) {
			setText(none, text);
		},
	};
}
