// SPDX-License-Identifier: ISC
// The search box on top: services, VIPs and backends, by any part of a name.

import {el, setAttribute, show} from "./dom.js";
import {allDestinations} from "./backends.js";
import {backendLink, matches, serviceKey, serviceLink, vipLink, wordsOf}
    from "./model.js";

const MOST = 12;    // things found that are shown
const FRESH = 30000; // ms that the list of backends is good for

export class Search {
	#box = document.getElementById("search");
	#list = document.getElementById("found");
	#services = [];
	#vips = [];
	#backends = new Map(); // address: in how many services
	#asked = 0;
	#chosen = -1;

	constructor()
	{
		this.#box.addEventListener("input", () => this.#find());
		this.#box.addEventListener("focus", () => this.#learn());
		this.#box.addEventListener("blur", () => this.#close());
		this.#box.addEventListener("keydown", (event) =>
		    this.#key(event));
		// Before the box loses focus, and with it the list.
		this.#list.addEventListener("mousedown", (event) => {
			event.preventDefault();
			this.#go(event.target.closest("li[data-link]"));
		});
		document.addEventListener("keydown", (event) => {
			const typing = event.target.closest?.(
			    "input, select, textarea");

			if (event.key !== "/" || typing || event.ctrlKey ||
			    event.metaKey || event.altKey)
				return;
			event.preventDefault();
			this.#box.focus();
			this.#box.select();
		});
	}

	overview(document)
	{
		this.#services = document.services ?? [];
		this.#vips = document.vips ?? [];
	}

	async #learn()
	{
		if (Date.now() - this.#asked < FRESH)
			return;
		this.#asked = Date.now();
		try {
			const backends = new Map();

			for (const {address} of await allDestinations())
				backends.set(address,
				    (backends.get(address) ?? 0) + 1);
			this.#backends = backends;
			if (this.#box.value !== "")
				this.#find();
		} catch {
			this.#asked = 0;
		}
	}

	#hits(words)
	{
		const hits = [];

		for (const service of this.#services) {
			const id = serviceKey(service);

			if (matches(words, service.name, id,
			    service.description ?? ""))
				hits.push({link: serviceLink(id),
					text: service.name || id,
					about: `service ${id}`});
		}
		for (const {address, state} of this.#vips)
			if (matches(words, address))
				hits.push({link: vipLink(address),
					text: address, about: `VIP, ${state}`});
		for (const [address, services] of this.#backends)
			if (matches(words, address))
				hits.push({link: backendLink(address),
					text: address, about: "backend in " +
					    (services === 1 ? "1 service" :
					    `${services} services`)});
		return hits;
	}

	#find()
	{
		const words = wordsOf(this.#box.value);
		const hits = words.length === 0 ? [] : this.#hits(words);
		const items = hits.slice(0, MOST).map((hit, i) => el("li", {
			role: "option", id: `found${i}`,
			"aria-selected": "false", "data-link": hit.link},
			el("span", {text: hit.text}),
			el("span", {class: "sub", text: hit.about})));

		if (words.length > 0 && hits.length !== items.length)
			items.push(el("li", {role: "option",
				"aria-disabled": "true", "aria-selected":
				"false", text: `${hits.length - MOST} more`}));
		if (words.length > 0 && hits.length === 0)
			items.push(el("li", {role: "option",
				"aria-disabled": "true", "aria-selected":
				"false", text: "Nothing is called that."}));
		this.#list.replaceChildren(...items);
		show(this.#list, words.length > 0);
		setAttribute(this.#box, "aria-expanded", String(words.length > 0));
		this.#choose(hits.length > 0 ? 0 : -1);
	}

	#choose(index)
	{
		const items = [...this.#list.querySelectorAll("[data-link]")];

		this.#chosen = index;
		items.forEach((item, i) => setAttribute(item, "aria-selected",
		    String(i === index)));
		setAttribute(this.#box, "aria-activedescendant",
		    items[index]?.id);
		items[index]?.scrollIntoView({block: "nearest"});
	}

	#key(event)
	{
		const items = [...this.#list.querySelectorAll("[data-link]")];
		const step = {ArrowDown: 1, ArrowUp: -1}[event.key];

		if (step && items.length > 0)
			this.#choose((this.#chosen + step + items.length) %
			    items.length);
		else if (event.key === "Enter")
			this.#go(items[this.#chosen]);
		else if (event.key === "Escape") {
			this.#box.value = "";
			this.#close();
		} else
			return;
		event.preventDefault();
	}

	#go(item)
	{
		if (!item)
			return;
		this.#box.value = "";
		this.#close();
		location.hash = item.dataset.link;
	}

	#close()
	{
		show(this.#list, false);
		setAttribute(this.#box, "aria-expanded", "false");
		setAttribute(this.#box, "aria-activedescendant", null);
	}
}
