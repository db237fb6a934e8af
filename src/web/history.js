// SPDX-License-Identifier: ISC
// The history of transitions.

import {el, panel, setText} from "./dom.js";
import {eventList} from "./events.js";
import {count} from "./format.js";
import {choice, searchBox} from "./filters.js";
import {ask, pathOf} from "./live.js";
import {matches, wordsOf} from "./model.js";
import {insist} from "./repeat.js";

const MOST = 500;

const KINDS = {
	"": "All kinds",
	check: "Checks",
	destination: "Destinations",
	vip: "VIPs",
	bgp: "BGP",
	override: "Orders",
	reload: "Reloads",
};

export function page(parameters)
{
	const filter = searchBox("Filter the history", parameters.get("q"),
	    draw);
	const kind = choice("Kind", KINDS, parameters.get("kind"), draw);
	const told = el("span", {class: "soft"});
	const {node, body} = panel("History", told,
	    el("div", {class: "filters"}, filter.node, kind.node));
	const list = eventList("History", MOST, {
		fits: (event) => (kind.value() === "" ||
		    event.kind === kind.value()) &&
		    matches(wordsOf(filter.value()), event.subject,
			event.from ?? "", event.to ?? "", event.reason ?? ""),
		empty: "Nothing like that has happened, as far as is " +
		    "remembered.",
	});

	function tell(number)
	{
		setText(told, `${count(Math.min(number, MOST))} shown`);
	}

	function draw()
	{
		tell(list.draw());
	}

	body.replaceWith(list.node);
	const stop = insist(async () => {
		const document = await ask(pathOf("history.json",
		    {limit: MOST}));

		tell(list.set(document.history ?? []));
	}, (error) => list.say(`The history does not come: ${error.message}`));

	return {
		title: "History",
		node: el("div", {class: "stack"},
		    el("h1", {class: "hidden", tabindex: "-1",
			text: "History"}), node),
		filters: () => ({q: filter.value(), kind: kind.value()}),
		history: (event) => tell(list.add(event)),
		close: stop,
	};
}
