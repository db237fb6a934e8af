// SPDX-License-Identifier: ISC
// All destinations of all services, and one server in all of its services.

import {destinationTable} from "./destinations.js";
import {el, panel, keyed, setState, setText, show, state} from "./dom.js";
import {eventList} from "./events.js";
import {age, bits, count, each, packets} from "./format.js";
import {choice, searchBox} from "./filters.js";
import {ask, pathOf} from "./live.js";
import {backendLink, matches, serviceLink, tone, wordsOf} from "./model.js";
import {insist, repeat} from "./repeat.js";
import {Table, row} from "./table.js";

const EVENTS = 50;
const LOOK = 3000; // ms between questions
const MANY = 2000; // destinations, from which on we ask less often

const STATES = {
	"": "All states",
	up: "Up",
	draining: "Draining",
	down: "Down",
	ordered: "With an order",
};

const COLUMNS = [
	{name: "address", title: "Backend", heads: true,
		sort: (d) => d.address},
	{name: "state", title: "State", sort: (d) => d.state},
	{name: "service", title: "Service", kind: "long",
		sort: (d) => d.service_name || d.service},
	{name: "since", title: "Since", number: true, sort: (d) => d.since},
	{name: "weight", title: "Weight", number: true, sort: (d) => d.weight},
	{name: "bits", title: "Traffic", number: true, sort: (d) => d.bits},
	{name: "packets", title: "Packets", number: true,
		sort: (d) => d.packets},
	{name: "flows", title: "New conn.", number: true,
		sort: (d) => d.flows},
];

// /destinations.json as objects.
export async function allDestinations()
{
	const document = await ask("destinations.json");
	const names = (document.columns ?? []).map((name) =>
	    name === "name" ? "service_name" : name);

	return (document.rows ?? []).map((values) =>
	    Object.fromEntries(values.map((value, i) => [names[i], value])));
}

function makeRow(item)
{
	const view = row(COLUMNS);
	const {cells} = view;
	const mark = state("none", ""), order = el("span", {class: "order"});

	cells.address.append(el("a", {href: backendLink(item.address),
		class: "mono", text: item.address}));
	cells.state.append(mark, order);
	cells.service.append(el("a", {href: serviceLink(item.service)},
	    el("span", {text: item.service_name || item.service}), " ",
	    el("span", {class: "soft mono", text: item.service})));
	return {...view, update(d) {
		setState(mark, tone(d.state), d.state);
		setText(order, d.order ? `ordered: ${d.order}` : "");
		show(order, Boolean(d.order));
		setText(cells.since, age(d.since));
		setText(cells.weight, count(d.weight));
		setText(cells.bits, bits(d.bits));
		setText(cells.packets, each(d.packets));
		setText(cells.flows, each(d.flows));
	}};
}

function fits(d, words, wanted)
{
	if (wanted === "ordered" ? !d.order : wanted !== "" &&
	    d.state !== wanted)
		return false;
	return matches(words, d.address, d.service, d.service_name ?? "",
	    d.order ?? "");
}

export function page(parameters)
{
	const filter = searchBox("Filter backends", parameters.get("q"), draw);
	const wanted = choice("State", STATES, parameters.get("state"), draw);
	const told = el("span", {class: "soft"});
	const {node, body} = panel("Backends", told,
	    el("div", {class: "filters"}, filter.node, wanted.node));
	const table = new Table({label: "Backends", columns: COLUMNS,
		keyOf: (d) => `${d.service} ${d.address}`, make: makeRow});
	let all = null, turn = 0;

	function draw()
	{
		if (all === null)
			return;
		const words = wordsOf(filter.value());
		const list = all.filter((d) => fits(d, words, wanted.value()));
		const servers = new Set(list.map((d) => d.address)).size;

		setText(told, `${count(servers)} servers, ` +
		    `${count(list.length)} destinations` +
		    (list.length === all.length ? "" :
			` of ${count(all.length)}`));
		table.set(list, all.length === 0 ?
		    "There are no destinations in the configuration." :
		    "No destination is like that.");
	}

	body.replaceWith(table.node);
	table.set([], "Asking for the destinations…");
	const stop = repeat(async () => {
		if (all !== null && all.length > MANY && ++turn % 3 !== 0)
			return;
		all = await allDestinations();
		draw();
	}, LOOK);

	return {
		title: "Backends",
		node: el("div", {class: "stack"},
		    el("h1", {class: "hidden", tabindex: "-1",
			text: "Backends"}), node),
		filters: () => ({q: filter.value(), state: wanted.value()}),
		close() {
			stop();
			table.close();
		},
	};
}

// A server in one of its services.
function within({service, service_name: name})
{
	const link = el("a", {href: serviceLink(service),
		text: name || service});
	const node = el("section", {class: "panel",
		"aria-label": `In ${name || service}`},
		el("header", null, el("h2", null, link),
		    el("span", {class: "soft mono", text: service})));
	const table = destinationTable(`In ${name || service}`);

	node.append(table.node);
	return {node, table, service, opened: false};
}

export function backendPage(parameters, address)
{
	const mark = state("none", "");
	const told = el("span", {class: "soft"});
	const missing = el("p", {class: "notice", hidden: true, role: "status",
		text: "No service has such a server now."});
	const services = el("div", {class: "stack"});
	const {node: eventsNode, body} = panel("What happened");
	const events = eventList(`What happened to ${address}`, EVENTS);
	const views = new Map();

	function head(list)
	{
		const up = list.filter((d) => d.state === "up").length;
		const sum = (key) => list.reduce((n, d) => n + (d[key] ?? 0), 0);

		show(mark, list.length > 0);
		setState(mark, up === list.length ? "good" :
		    up > 0 ? "warn" : "bad", `up in ${count(up)} of ` +
		    `${count(list.length)} services`);
		setText(told, `${bits(sum("bits"))}, ` +
		    `${packets(sum("packets"))}`);
		show(missing, list.length === 0);
	}

	async function look(view)
	{
		const document = await ask(pathOf("service.json",
		    {id: view.service}));
		const list = ((document.service ?? document).destinations ?? [])
		    .filter((d) => d.address === address);

		view.table.set(list);
		// Who asks for one server wants to know all of it.
		if (!view.opened && list.length > 0) {
			view.opened = true;
			view.node.querySelector(".opener")?.click();
		}
	}

	const stop = repeat(async () => {
		const list = (await allDestinations()).filter((d) =>
		    d.address === address);

		head(list);
		keyed(services, list, (d) => d.service, (d) => {
			const view = within(d);

			views.set(d.service, view);
			return view;
		});
		// A few at a time: it may be in a thousand services.
		for (const {service} of list.slice(0, 20))
			await look(views.get(service));
	}, LOOK);

	body.replaceWith(events.node);
	const stopHistory = insist(async () => {
		const document = await ask(pathOf("history.json",
		    {subject: address, limit: EVENTS}));

		events.set(document.history ?? []);
	});

	return {
		title: address,
		node: el("div", {class: "stack"},
		    el("div", null, el("div", {class: "crumbs"},
			el("a", {href: "#/backends", text: "Backends"}), " /"),
			el("div", {class: "headline"},
			    el("h1", {class: "mono", tabindex: "-1",
				text: address}), mark, told)),
		    missing, services, eventsNode),
		history(event) {
			if (String(event.subject).split(" ").includes(address))
				events.add(event);
		},
		close() {
			stop();
			stopHistory();
			views.forEach((view) => view.table.close());
		},
	};
}
