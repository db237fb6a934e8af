// SPDX-License-Identifier: ISC
// Making and changing elements.  Whatever the server says becomes text nodes
// and nothing else: no string is ever taken for markup.

// Control characters, and those that turn the direction of writing round, are
// shown as what they are: they could make other text look like something else.
const UNSEEN =
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function visible(text)
{
	return String(text ?? "").replace(UNSEEN, (c) =>
	    `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// An element.  Of its properties "class" and "text" are what they say, those
// that begin with "on" are listeners, and all others attributes; null and
// false leave one out.
export function el(tag, properties, ...children)
{
	const node = document.createElement(tag);

	for (const [name, value] of Object.entries(properties ?? {})) {
		if (value === null || value === undefined || value === false)
			continue;
		if (name === "class")
			node.className = value;
		else if (name === "text")
			node.textContent = visible(value);
		else if (name.startsWith("on"))
			node.addEventListener(name.slice(2), value);
		else
			node.setAttribute(name, value === true ? "" : value);
	}
	node.append(...children.filter((child) => child !== null));
	return node;
}

const SVG = "http://www.w3.org/2000/svg"; // a name, nothing is fetched

export function svg(tag, attributes, ...children)
{
	const node = document.createElementNS(SVG, tag);

	for (const [name, value] of Object.entries(attributes ?? {}))
		node.setAttribute(name, value);
	node.append(...children);
	return node;
}

// Only what differs is touched: selections, focus and the screen reader's
// place stay where they are.
export function setText(node, text)
{
	text = visible(text);
	if (node.textContent !== text)
		node.textContent = text;
}

export function setAttribute(node, name, value)
{
	if (value === null || value === undefined || value === false)
		node.removeAttribute(name);
	else if (node.getAttribute(name) !== String(value))
		node.setAttribute(name, value);
}

export function setClass(node, name)
{
	if (node.className !== name)
		node.className = name;
}

export function show(node, shown)
{
	if (node.hidden === shown)
		node.hidden = !shown;
}

// A state: a shape, for eyes, and a word, for all.  Tones: "good", "warn",
// "bad", "none".
export function state(tone, text)
{
	const node = el("span", {class: "state"},
	    el("span", {class: "shape", "aria-hidden": "true"}),
	    el("span"));

	setState(node, tone, text);
	return node;
}

export function setState(node, tone, text)
{
	setClass(node, "state " + tone);
	setText(node.lastChild, text);
}

// Let the children of parent be those of the items, in their order.  Items
// are told apart by keyOf(item); make(item) gives {node, update(item)}.  What
// stays is not moved unless it must be, and not updated if only new ones are
// to be, and those that always are.  Children up to parent.fixed, if there is such a one, are none of
// these.
export function keyed(parent, items, keyOf, make, onlyNew = false)
{
	const before = parent.keyed ?? new Map();
	const after = new Map(), values = new Map();
	let place = parent.fixed ? parent.fixed.nextSibling : parent.firstChild;

	for (const item of items) {
		const key = String(keyOf(item));

		if (after.has(key))
			continue;
		values.set(key, item);
		after.set(key, before.get(key) ?? make(item));
	}
	for (const [key, view] of before)
		if (after.get(key) !== view) {
			if (place === view.node)
				place = place.nextSibling;
			view.node.remove();
		}
	for (const view of after.values()) {
		if (place === view.node)
			place = place.nextSibling;
		else
			parent.insertBefore(view.node, place);
	}
	parent.keyed = after;
	for (const [key, item] of values)
		if (!onlyNew || !before.has(key) || item.always)
			after.get(key).update?.(item);
}

// A panel with a heading: {node, body, header}.
export function panel(title, ...tools)
{
	const heading = el("h2", {text: title});
	const header = el("header", null, heading, ...tools);
	const body = el("div", {class: "body"});
	const node = el("section", {class: "panel", "aria-label": title},
	    header, body);

	return {node, header, body, heading};
}

// Facts: names and values that update(list of [name, text or node]) sets.
export function facts()
{
	const node = el("dl", {class: "facts"});

	return {
		node,
		update(list) {
			keyed(node, list, ([name]) => name, ([name]) => {
				const value = el("dd");

				return {
					node: el("div", null,
					    el("dt", {text: name}), value),
					update([, text]) {
						if (!(text instanceof Node))
							setText(value, text);
						else if (value.firstChild !== text)
							value.replaceChildren(text);
					},
				};
			});
		},
	};
}

// Let f run soon, and not more often than each so many milliseconds.
export function seldom(f, milliseconds)
{
	let timer = null, last = 0;

	return () => {
		timer ??= setTimeout(() => {
			timer = null;
			last = performance.now();
			f();
		}, Math.max(0, last + milliseconds - performance.now()));
	};
}
