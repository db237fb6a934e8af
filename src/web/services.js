// SPDX-License-Identifier: ISC
// All services, each of which opens to show its destinations.

import {destinationTable} from "./destinations.js";
import {el, panel, setAttribute, setClass, setState, setText, show, state,
    visible} from "./dom.js";
import {bits, count, each, short} from "./format.js";
import {ask, pathOf} from "./live.js";
import {destinationsOf, matches, serviceKey, serviceLink, serviceState,
    vipLink, wordsOf} from "./model.js";
import {repeat} from "./repeat.js";
import {choice, searchBox} from "./filters.js";
import {Table, openable, row} from "./table.js";

const COLUMNS = [
	{name: "open", title: "Destinations", hidden: true},
	{name: "service", title: "Service", heads: true, kind: "long",
		sort: (s) => s.name || serviceKey(s)},
	{name: "state", title: "State", sort: (s) =>
	    ["bad", "warn", "good"].indexOf(serviceState(s)[0])},
	{name: "up", title: "Destinations up", number: true,
		sort: (s) => (s.up ?? 0) / Math.max(1, destinationsOf(s))},
	{name: "bits", title: "Traffic", number: true,
		sort: (s) => s.rates?.bits},
	{name: "packets", title: "Packets", number: true,
		sort: (s) => s.rates?.packets},
	{name: "rate", title: "New conn.", number: true,
		sort: (s) => s.rates?.flows},
	{name: "flows", title: "Connections", number: true,
		sort: (s) => s.flows},
	{name: "about", title: "Description", kind: "text wide"},
];

const STATES = {
	"": "All states",
	bad: "Not ok",
	warn: "Degraded",
	good: "Ok",
	ordered: "With an order",
};

function meter()
{
	const bar = el("span"), node = el("span", {class: "meter",
		"aria-hidden": "true"}, bar);

	return {node, update(part, all, tone) {
		const width = `${all > 0 ? Math.round(100 * part / all) : 0}%`;

		setClass(node, `meter ${tone}`);
		if (bar.style.width !== width)
			bar.style.width = width;
	}};
}

// The id of a service, in which the VIP leads to its view.
function idParts(service)
{
	const id = serviceKey(service), vip = String(service.vip);
	const at = id.indexOf(vip);

	if (at === -1)
		return [visible(id)];
	return [visible(id.slice(0, at)),
		el("a", {href: vipLink(vip), text: vip}),
		visible(id.slice(at + vip.length))];
}

function makeRow(service)
{
	const view = row(COLUMNS);
	const {cells} = view;
	const id = serviceKey(service);
	const name = el("a", {href: serviceLink(id)});
	const key = el("span", {class: "sub mono"}, ...idParts(service));
	const mark = state("none", ""), order = el("span", {class: "order"});
	const up = el("span"), bar = meter();

	cells.service.append(name, key);
	cells.state.append(mark, order);
	cells.up.append(up, bar.node);
	return openable({...view, update(s) {
		const all = destinationsOf(s), [tone, word] = serviceState(s);

		setText(name, s.name || id);
		setState(mark, tone, word);
		setText(order, s.order ? `ordered: ${s.order}` : "");
		show(order, Boolean(s.order));
		setText(up, `${count(s.up)} of ${count(all)}`);
		bar.update(s.up ?? 0, all, tone);
		setAttribute(cells.up, "title", `${count(s.need)} needed`);
		setText(cells.bits, bits(s.rates?.bits));
		setText(cells.packets, each(s.rates?.packets));
		setText(cells.rate, each(s.rates?.flows));
		setText(cells.flows, short(s.flows));
		setText(cells.about, s.description);
	}}, COLUMNS, `Destinations of ${service.name || id}`, () => inside(id));
}

// The destinations of a service whose row was opened.
function inside(id)
{
	const table = destinationTable(`Destinations of ${id}`);
	const node = el("div", {class: "panel"}, el("p", {class: "empty",
		text: "Asking for its destinations…"}));
	const stop = repeat(async () => {
		const document = await ask(pathOf("service.json", {id}));

		if (table.node.parentNode !== node)
			node.replaceChildren(table.node);
		table.set((document.service ?? document).destinations ?? []);
	}, 2000);

	return {node, close() {
		stop();
		table.close();
	}};
}

function fits(service, words, wanted)
{
	const [tone] = serviceState(service);

	if (wanted === "ordered" ? !service.order : wanted !== "" &&
	    wanted !== tone)
		return false;
	return matches(words, service.name, serviceKey(service),
	    service.description ?? "");
}

export function page(parameters)
{
	const filter = searchBox("Filter services", parameters.get("q"), draw);
	const wanted = choice("State", STATES, parameters.get("state"), draw);
	const told = el("span", {class: "soft"});
	const {node, body} = panel("Services", told,
	    el("div", {class: "filters"}, filter.node, wanted.node));
	const table = new Table({label: "Services", columns: COLUMNS,
		keyOf: serviceKey, make: makeRow});
	let services = null;

	function draw()
	{
		const words = wordsOf(filter.value());

		if (services === null)
			return;
		const list = services.filter((service) =>
		    fits(service, words, wanted.value()));

		setText(told, list.length === services.length ?
		    count(list.length) :
		    `${count(list.length)} of ${count(services.length)}`);
		table.set(list, services.length === 0 ?
		    "There are no services in the configuration." :
		    "No service is like that.");
	}

	body.replaceWith(table.node);
	table.set([], "Asking for the services…");
	return {
		title: "Services",
		node: el("div", {class: "stack"},
		    el("h1", {class: "hidden", tabindex: "-1",
			text: "Services"}), node),
		filters: () => ({q: filter.value(), state: wanted.value()}),
		overview(document) {
			services = document.services ?? [];
			draw();
		},
		close: () => table.close(),
	};
}
