// SPDX-License-Identifier: ISC
// One VIP: is it announced, since when and to whom, and what is served at it.

import {el, facts, panel, setState, setText, show, state} from "./dom.js";
import {eventList} from "./events.js";
import {forAll} from "./guard.js";
import {UNKNOWN, age, bits, count, date, each} from "./format.js";
import {ask, pathOf} from "./live.js";
import {destinationsOf, serviceKey, serviceLink, serviceState, vipTone}
    from "./model.js";
import {insist} from "./repeat.js";
import {plain, put, putState} from "./table.js";

const EVENTS = 50;
const CLOSELY = 10; // services whose history is asked for

function servicesTable()
{
	return plain("Services of this VIP", [
		{name: "state", title: "State", show: putState(serviceState)},
		{name: "service", title: "Service", heads: true, kind: "long",
			show(cell, s) {
				if (cell.firstChild === null)
					cell.append(el("a"),
					    el("span", {class: "sub mono"}));
				cell.firstChild.href = serviceLink(serviceKey(s));
				setText(cell.firstChild, s.name || serviceKey(s));
				setText(cell.lastChild, serviceKey(s));
			}},
		{name: "up", title: "Up", number: true, show: put((s) =>
		    `${count(s.up)} of ${count(destinationsOf(s))}`)},
		{name: "need", title: "Needed", number: true,
			show: put((s) => count(s.need))},
		{name: "in", title: "In", number: true,
			show: put((s) => bits(s.rates?.rx_bits))},
		{name: "out", title: "Out", number: true,
			show: put((s) => bits(s.rates?.tx_bits))},
		{name: "rate", title: "New conn.", number: true,
			show: put((s) => each(s.rates?.flows))},
	], serviceKey, "No service is at this address.");
}

// To whom bgpd tells what it announces: those whose sessions are up.
function peersTable(isAnnounced)
{
	const established = (n) => n.state === "Established";

	return plain("BGP peers", [
		{name: "state", title: "Session", show: putState((n) =>
		    [established(n) ? "good" : "bad", n.state])},
		{name: "peer", title: "Peer", heads: true, kind: "long",
			show: put((n) => `${n.address}, AS ${n.as}` +
			    (n.description ? `, ${n.description}` : ""))},
		{name: "has", title: "Is told of it", show: put((n) =>
		    established(n) && isAnnounced() ? "yes" : "no")},
		{name: "uptime", title: "Since", number: true, show: put((n) =>
		    established(n) ? age(n.uptime) : "")},
	], (n) => n.address, "bgpd has no peers.");
}

function vipFacts(vip, since)
{
	return [
		["State", vip.state],
		["Since", since === null ? "before what is remembered" :
		    date(since)],
		["Announced by bgpd", vip.announced ? "yes" : "no"],
		["To be announced", vip.wanted ? "yes" : "no"],
		["Why", vip.reason || UNKNOWN],
		["Changes by itself in", typeof vip.left === "number" ?
		    age(Math.ceil(vip.left)) : ""],
		["Order", vip.order],
		["Attributes", vip.attributes ?? ""],
		["Alerts about it are", vip.priority],
		["Withdrawals so far", count(vip.withdrawals)],
		["Address of this host", vip.local ?
		    "yes, and it should not be" : ""],
	].filter(([, text]) => text);
}

// When its state became what it is, in ms, as the list of events has it.
function sinceOf(events, address, name)
{
	return events.filter((event) => event.kind === "vip" &&
	    event.subject === address).sort((a, b) => b.number - a.number)
	    .filter((event, i) => i === 0 && event.to === name)
	    .map((event) => event.at)[0] ?? null;
}

export function page(parameters, address)
{
	const mark = state("none", "");
	const missing = el("p", {class: "notice", hidden: true, role: "status",
		text: "There is no such VIP in the configuration now."});
	const about = facts();
	const {node: aboutNode, body: aboutBody} = panel("Announcement");
	const {node: servicesNode, body: servicesBody} = panel("Services");
	const {node: peersNode, body: peersBody} = panel("BGP peers");
	const {node: eventsNode, body: eventsBody} = panel("What happened");
	const list = eventList(`What happened to ${address}`, EVENTS);
	const ids = new Set(), stops = [], own = [];
	let announced = false;
	const services = servicesTable(), peers = peersTable(() => announced);

	function remember(events)
	{
		own.push(...events);
		list.set(events);
	}

	function learn(subject)
	{
		stops.push(insist(async () => remember((await ask(
		    pathOf("history.json", {subject, limit: EVENTS})))
		    .history ?? [])));
	}

	function announcement(document)
	{
		const vip = (document.vips ?? []).find((v) =>
		    v.address === address);

		show(missing, vip === undefined);
		show(mark, vip !== undefined);
		if (vip === undefined)
			return;
		announced = vip.announced;
		setState(mark, vipTone(vip), vip.state);
		about.update(vipFacts(vip, sinceOf(own, address, vip.state)));
	}

	function served(document)
	{
		const here = (document.services ?? []).filter((s) =>
		    s.vip === address);

		services.set(here);
		for (const id of here.map(serviceKey)) {
			if (!ids.has(id) && ids.size < CLOSELY)
				learn(id);
			ids.add(id);
		}
	}

	aboutBody.append(about.node);
	servicesBody.replaceWith(services.node);
	peersBody.replaceWith(peers.node, el("p", {class: "soft empty",
		text: "A peer is told of it if its session is up while bgpd " +
		    "announces it, as far as bgpd's filters let it through."}));
	eventsBody.replaceWith(list.node);
	learn(address);
	return {
		title: address,
		node: el("div", {class: "stack"},
		    el("div", null, el("div", {class: "crumbs"},
			el("a", {href: "#/", text: "Overview"}), " / VIP"),
			el("div", {class: "headline"}, el("h1", {class: "mono",
				tabindex: "-1", text: address}), mark)),
		    missing, aboutNode, servicesNode, peersNode, eventsNode),
		overview(document) {
			forAll([announcement, served, ({bgp}) => {
				show(peersNode, bgp?.enabled !== false);
				peers.set(bgp?.neighbours ?? []);
			}], (update) => update(document));
		},
		history(event) {
			const words = String(event.subject).split(" ");

			if (words.some((word) => word === address ||
			    ids.has(word)))
				remember([event]);
		},
		close() {
			stops.forEach((stop) => stop());
			services.close();
			peers.close();
		},
	};
}
