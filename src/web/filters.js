// SPDX-License-Identifier: ISC
// What views are filtered by; the URL keeps it, so that it can be passed on.

import {el} from "./dom.js";

let number = 0;

function labelled(title, control)
{
	control.id = `filter${++number}`;
	return el("span", null, el("label", {class: "hidden",
		for: control.id, text: title}), control);
}

function changed(f)
{
	return () => {
		f();
		dispatchEvent(new Event("filters"));
	};
}

export function searchBox(title, value, f)
{
	const control = el("input", {type: "search", placeholder: title,
		autocomplete: "off", spellcheck: "false",
		oninput: changed(f)});

	control.value = value ?? "";
	return {node: labelled(title, control), value: () => control.value};
}

// choices: {value: text}.
export function choice(title, choices, value, f)
{
	const control = el("select", {onchange: changed(f)},
	    ...Object.entries(choices).map(([name, text]) =>
		el("option", {value: name, text})));

	control.value = Object.hasOwn(choices, value ?? "") ? value ?? "" :
	    Object.keys(choices)[0];
	return {node: labelled(title, control), value: () => control.value};
}
