// SPDX-License-Identifier: ISC
// One service closely: its last hour, its destinations, what happened to it.

import {Chart} from "./chart.js";
import {destinationTable} from "./destinations.js";
import {el, facts, panel, setAttribute, setState, setText, show, state} from "./dom.js";
import {eventList} from "./events.js";
import {age, bits, count, each, micro, octets, packets, short} from "./format.js";
import {ask, live, pathOf} from "./live.js";
import {destinationsOf, matches, serviceKey, serviceState, trouble, vipLink,
    vipTone, wordsOf} from "./model.js";
import {choice, searchBox} from "./filters.js";
import {insist, repeat} from "./repeat.js";

const EVENTS = 50;
const PATIENCE = 4000; // ms without an event, as there is none of large ones

const CHARTS = [
	["Traffic in", "rx_bits", bits],
	["Traffic out", "tx_bits", bits],
	["Packets in", "rx_packets", each],
	["New connections", "flows", each],
	["Active connections", "connections", (n) => short(n)],
	["Destinations up", "destinations_up", count],
	["Check latency", "latency", (n) => micro(n * 1000)],
	["Errors", "drops", each],
];

const STATES = {
	"": "All states",
	up: "Up",
	draining: "Draining",
	down: "Down",
	trouble: "With an error",
};

function charts(id)
{
	const list = CHARTS.map(([title, series, format]) => {
		const chart = new Chart(title, format, true);

		return {series, chart, node: el("section", {
			class: "panel card", "aria-label": title, hidden: true},
			el("h2", {text: title}), chart.node)};
	});

	return {
		node: el("div", {class: "cards"}, ...list.map((c) => c.node)),
		stop: repeat(async () => {
			const document = await ask(pathOf("series.json",
			    {service: id}));

			for (const {series, chart, node} of list) {
				const values = document.series?.[series];

				show(node, values !== undefined);
				if (values !== undefined)
					chart.update(values, document.now,
					    document.step);
			}
		}, 10000),
	};
}

function serviceFacts(s)
{
	const transitions = s.transitions;

	return [
		["Destinations up", `${count(s.up)} of ` +
		    `${count(destinationsOf(s))}, ${count(s.need)} needed`],
		["In, from clients", `${bits(s.rates?.rx_bits)}, ` +
		    packets(s.rates?.rx_packets)],
		["Out, to servers", `${bits(s.rates?.tx_bits)}, ` +
		    packets(s.rates?.tx_packets)],
		["New connections", each(s.rates?.flows)],
		["Connections so far", count(s.flows)],
		["Forwarded", `${count(s.packets)} packets, ` +
		    octets(s.bytes)],
		["Without a destination", `${count(s.no_destination)} packets`],
		["Scheduler", s.scheduler + (s.sticky ? ", sticky" : "")],
		["Flows", s.track === false ? "not tracked" :
		    `tracked, idle after ${age(s.idle)}`],
		["Slow start", s.slow_start ? age(s.slow_start) : "none"],
		["Checks' transitions", transitions ?
		    `${count(transitions.up)} up, ` +
		    `${count(transitions.down)} down` : ""],
	].filter(([, text]) => text !== "");
}

function fits(d, words, wanted)
{
	if (wanted === "trouble" ? trouble(d) === "" :
	    wanted !== "" && d.state !== wanted)
		return false;
	return matches(words, d.address, trouble(d), d.order ?? "");
}

function destinations(id, parameters)
{
	const told = el("span", {class: "soft"});
	const filter = searchBox("Filter destinations", parameters.get("q"),
	    draw);
	const wanted = choice("State", STATES, parameters.get("state"), draw);
	const {node, body} = panel("Destinations", told,
	    el("div", {class: "filters"}, filter.node, wanted.node));
	const table = destinationTable(`Destinations of ${id}`);
	let all = null;

	function draw()
	{
		if (all === null)
			return;
		const words = wordsOf(filter.value());
		const list = all.filter((d) => fits(d, words, wanted.value()));

		setText(told, list.length === all.length ? count(all.length) :
		    `${count(list.length)} of ${count(all.length)}`);
		table.set(list, all.length === 0 ?
		    "It has no destinations." : "No destination is like that.");
	}

	body.replaceWith(table.node);
	return {
		node,
		filters: () => ({q: filter.value(), state: wanted.value()}),
		close: () => table.close(),
		set(list) {
			all = list;
			draw();
		},
	};
}

function head(id)
{
	const title = el("h1", {tabindex: "-1", text: id});
	const key = el("span", {class: "mono soft"});
	const mark = state("none", "");
	const vip = state("none", ""), link = el("a", null, vip);
	const order = el("span", {class: "order"});
	const about = el("p", {class: "soft"});

	about.hidden = true;
	return {
		node: el("div", null,
		    el("div", {class: "crumbs"},
			el("a", {href: "#/services", text: "Services"}), " /"),
		    el("div", {class: "headline"}, title, key, mark, order,
			link), about),
		update(s) {
			setText(title, s.name || id);
			setText(key, id);
			setState(mark, ...serviceState(s));
			setText(order, s.order ? `ordered: ${s.order}` : "");
			show(order, Boolean(s.order));
			setText(about, s.description);
			show(about, Boolean(s.description));
		},
		announced(v) {
			show(link, v !== undefined);
			if (v === undefined)
				return;
			setAttribute(link, "href", vipLink(v.address));
			setState(vip, vipTone(v),
			    `VIP ${v.address} ${v.state}`);
		},
	};
}

export function page(parameters, id)
{
	const heading = head(id), graphs = charts(id);
	const about = facts(), list = destinations(id, parameters);
	const missing = el("p", {class: "notice", hidden: true, role: "status",
		text: "There is no such service in the configuration now."});
	const {node: aboutNode, body} = panel("About it");
	const {node: eventsNode, body: eventsBody} = panel("What happened");
	const events = eventList(`What happened to ${id}`, EVENTS);
	let vip = null, heard = 0;

	function update(document)
	{
		const service = document.service ?? document;

		if (service.vip === undefined || serviceKey(service) !== id)
			return;
		vip = service.vip;
		heard = performance.now();
		show(missing, false);
		heading.update(service);
		about.update(serviceFacts(service));
		list.set(service.destinations ?? []);
	}

	body.append(about.node);
	eventsBody.replaceWith(events.node);
	const stop = repeat(async () => {
		if (heard === 0 || performance.now() - heard > PATIENCE)
			update(await ask(pathOf("service.json", {id})));
	}, PATIENCE / 2);

	const stopHistory = insist(async () => {
		const document = await ask(pathOf("history.json",
		    {subject: id, limit: EVENTS}));

		events.set(document.history ?? []);
	});

	return {
		title: id,
		node: el("div", {class: "stack"}, heading.node, missing,
		    graphs.node, aboutNode, list.node, eventsNode),
		filters: list.filters,
		service: update,
		overview(document) {
			heading.announced((document.vips ?? []).find((v) =>
			    v.address === vip));
			const known = (document.services ?? []).some((s) =>
			    serviceKey(s) === id);

			show(missing, !known);
			live.follow(known ? id : null);
		},
		history(event) {
			if (String(event.subject).split(" ").includes(id))
				events.add(event);
		},
		close() {
			live.follow(null);
			stop();
			stopHistory();
			graphs.stop();
			list.close();
		},
	};
}
