// SPDX-License-Identifier: ISC
// Made-up documents, as vc5d-api(5) has them: a small world in which things
// are wrong and names are hostile, or a large one.

export const HOSTILE = `<img src=x onerror="window.harmed=1">` +
    `"'&amp;\u001b[31m\u202e\u0000</script><script>window.harmed=1</script>`;

const NOW = Date.parse("2026-11-29T03:00:00Z") / 1000;

function check(state, more)
{
	return {type: "http", port: 80, state, decided: true,
		outcome: state === "up" ? "passed" : "bad status",
		detail: state === "up" ? "HTTP 200" : "HTTP 503",
		duration: 1234, age: 1, passed: 31261, failed: 3, next: 800,
		since: 4000, phases: {connect: 210, tls: 640, first_byte: 380},
		sent: "GET /alive HTTP/1.1\\r\\n",
		received: "HTTP/1.1 200 OK\\r\\n", ...more};
}

function destination(address, state, more)
{
	return {address, state, healthy: state !== "down", weight: 10,
		weight_now: 10, order: "", delivery: "layer2",
		interface: "eth1", vlan: 0, mtu: 1500, gateway: null,
		mac: "02:00:00:00:01:11", problem: "", since: 3700,
		packets: 1000000, bytes: 900000000, flows: 40000, stateless: 8,
		rates: {packets: 1200, bits: 9.6e6, flows: 31},
		checks: [check(state === "down" ? "down" : "up")], ...more};
}

function service(name, vip, port, destinations, more)
{
	const up = destinations.filter((d) => d.state === "up").length;

	return {name, id: `${vip.includes(":") ? `[${vip}]` : vip}:` +
	    `${port}/tcp`, description: "", vip, port, protocol: "tcp",
		scheduler: "maglev", sticky: false, track: true, idle: 900,
		slow_start: 0, need: 1, need_up: 1, up, ok: up >= 1, order: "",
		max_out: 50, packets: 1234567, bytes: 987654321, flows: 45678,
		stateless: 9, no_destination: 2, destinations,
		transitions: {up: 4, down: 1}, latency: {},
		rates: {packets: 48000, bits: 3.1e8, flows: 940,
			rx_packets: 48002, rx_bits: 3.1e8, tx_packets: 48000,
			tx_bits: 3.3e8}, ...more};
}

function smallServices()
{
	return [
		service("web", "192.0.2.1", 80, [
			destination("198.51.100.21", "up", {weight_now: 2.5}),
			destination("198.51.100.22", "draining",
			    {order: "drain"}),
			destination("198.51.100.143", "down", {since: 59,
				problem: "no route to the server",
				checks: [check("down", {streak: 1, diagnosis:
				    "the VIP is missing on the server",
					detail: HOSTILE, received: HOSTILE,
					warning: HOSTILE})]}),
		], {description: `The site ${HOSTILE}`}),
		service(HOSTILE, "192.0.2.2", 443, [
			destination("198.51.100.22", "down"),
		], {order: "down"}),
		service("dns", "2001:db8:0:100::53", 53, [
			destination("2001:db8:0:1::21", "up"),
			destination("2001:db8:0:1::22", "up"),
		]),
	];
}

export function largeServices()
{
	const list = [];

	for (let i = 0; i < 200; i++) {
		const destinations = [];

		for (let j = 0; j < 25; j++)
			destinations.push(destination(`10.${i}.1.${j + 1}`,
			    (i * 25 + j) % 97 === 0 ? "down" : "up",
			    {flows: 100 * i + j}));
		list.push(service(`service-${i}`, `192.0.2.${i + 1}`, 443,
		    destinations, {description: `Tenant ${i}`}));
	}
	return list;
}

const PEERS = [
	{address: "198.51.100.1", description: "router", as: 64496,
		state: "Established", error: "", hold_time: 9, flaps: 1,
		uptime: 93000, received: 2, announced: 2},
	{address: "2001:db8:0:1::1", description: HOSTILE, as: 4200000001,
		state: "Active", error: `Cease ${HOSTILE}`, hold_time: 90,
		flaps: 4, uptime: 0, received: 0, announced: 0},
];

const SYNC = {enabled: true, cluster: "lab", instance: "lb1",
	interface: "eth2", group: "239.0.0.1", port: 4711, problem: "",
	learning: false, seconds: 999, dropped: [
		{reason: "replay", help: "Came before", packets: 3}],
	peers: [
		{name: "lb2", id: "0123456789abcdef", address: "10.0.0.2",
			state: "up", learning: false, age: 0, lost: 2,
			flows: 34567, alarm: false, differs: []},
		{name: HOSTILE, id: "fedcba9876543210", address: "10.0.0.3",
			state: "silent", learning: false, age: 75, lost: 0,
			flows: 0, alarm: true, differs: [{what: "tables",
				services: ["192.0.2.1:80/tcp"]}]},
	]};

function vips(services)
{
	return services.map((s, i) => ({address: s.vip, wanted: s.ok,
		announced: s.ok, local: false, order: "",
		state: s.ok ? "announced" : i % 2 ? "held down" : "withdrawn",
		reason: s.ok ? "" : `${s.name} has no server up`,
		left: s.ok ? null : 61.5, attributes: s.ok ? "normal" : null,
		priority: "high", withdrawals: 0}));
}

// Everything that the stand-in serves is made of one of these.
export function world(services = smallServices())
{
	return {
		services,
		history: [
			{number: 1, at: (NOW - 90000) * 1000, kind: "reload",
				subject: "/etc/vc5d.conf", from: "",
				to: "reloaded", reason: "2 services changed"},
			{number: 2, at: (NOW - 300) * 1000, kind: "check",
				subject: "web 192.0.2.1:80/tcp " +
				    "198.51.100.143 http", from: "up",
				to: "down", reason: `bad status: ${HOSTILE}`},
			{number: 3, at: (NOW - 299) * 1000, kind: "destination",
				subject: "web 192.0.2.1:80/tcp 198.51.100.143",
				from: "up", to: "down", reason: "a check failed"},
			{number: 4, at: (NOW - 200) * 1000, kind: "vip",
				subject: "192.0.2.2", from: "announced",
				to: "withdrawn", reason: HOSTILE},
		],
		log: [
			{at: (NOW - 300) * 1000, priority: "info",
				text: "check failed"},
			{at: (NOW - 299) * 1000, priority: "warning",
				text: `198.51.100.143 is down: ${HOSTILE}`},
			{at: (NOW - 298) * 1000, priority: "err",
				text: "VIP 192.0.2.2 withdrawn"},
		],
		prefixes: {version: 1,
			ipv4: {length: 20, prefixes: [
				["203.0.112.0/20", 120000, 98000000],
				["198.51.96.0/20", 4000, 3200000],
				...Array.from({length: 3000}, (_, i) =>
				    [`${1 + i * 7 % 223}.${i * 13 % 256}.` +
					`${i * 16 % 256}.0/20`,
				    1 + i * i % 900, 64 + i])]},
			ipv6: {length: 48, prefixes: [
				["2001:db8:1::/48", 77, 7700]]},
			blocked: [{prefix: "192.0.0.0/24", packets: 4242,
				octets: 271488, left: 600, source: "order"}]},
		problems: [`interface eth2 does not exist ${HOSTILE}`],
		errors: [`vc5d.conf:12:7: unknown key ${HOSTILE}`],
		ticks: 0,
		flaws: {}, // what the overview is to have instead
	};
}

const headOf = ({destinations, ...rest}) => ({...rest,
	destinations_total: destinations.length,
	healthy: destinations.filter((d) => d.healthy).length,
	destinations_up: destinations.filter((d) => d.state === "up").length});

export function overview(w)
{
	const wave = 1 + Math.sin(w.ticks / 5) / 10;

	return {version: "0.1.0", hostname: "lb1", time: NOW + w.ticks,
		started: NOW - 93784, uptime: 93784 + w.ticks,
		dataplane: "xdp",
		engine: {watched: true, restarts: 2, died: NOW - 93000,
			reason: `signal 11 ${HOSTILE}`},
		config: {file: "/etc/vc5d.conf", loaded: NOW - 3600,
			reloads: 3, errors: w.errors},
		interfaces: [
			{name: "eth0", attached: true, native: true, up: true,
				members: []},
			{name: "bond0", attached: true, native: false, up: true,
				members: [{name: "eth3", attached: true,
					native: true}, {name: "eth4",
					attached: false, native: false}]},
			{name: "eth2", attached: false, native: false,
				up: false, members: []}],
		flows: {capacity: 1048576, embryonic: 12, confirmed: 345678,
			closed: 89, idle: 1011, memory: 50331648, full: 3,
			evicted: {embryonic: 5, idle: 6, closed: 7, gone: 0}},
		drops: [
			{reason: "malformed", help: "Header lengths",
				packets: 17 + 40 * w.ticks},
			{reason: "fragment", help: "IPv4 fragments for a VIP",
				packets: 42},
			{reason: "unresolved", help: "No MAC address",
				packets: 0}],
		answers: [{kind: "echo_reply", help: "Answers to pings.",
			packets: 12}],
		problems: w.problems,
		alerts: w.problems.length === 0 ? [] : [
			{id: "vip 192.0.2.2", severity: "critical", since: 187,
				text: `withdrawn: ${HOSTILE}`},
			{id: "bgp 198.51.100.1", severity: "medium", since: 5,
				text: "session lost"}],
		vips: vips(w.services),
		services: w.services.map(headOf),
		probes: {limit: 512, running: 3, waiting: 0, put_off: 0,
			results: [{type: "http", outcome: "passed",
				count: 31261}]},
		overrides: [{kind: "backend", name: "198.51.100.22",
			service: "", order: "drain", since: NOW - 500, uid: 0,
			forced: false, reach: 2, text: HOSTILE}],
		isolation: {mode: "withdraw", isolated: false, since: 0},
		bgp: {enabled: true, connected: true, error: "",
			announced: ["192.0.2.1"], neighbours: PEERS},
		sync: SYNC,
		rates: {packets: 1479000 * wave, bits: 9.42e9 * wave,
			rx_packets: 1480000 * wave, rx_bits: 9.42e9 * wave,
			tx_packets: 1479000 * wave, tx_bits: 9.71e9 * wave,
			new_flows: 41200 * wave, drops: 40,
			flows_active: 345678}, ...w.flaws};
}

export function destinations(w)
{
	return {version: 1, columns: ["service", "name", "address", "state",
		"healthy", "order", "weight", "since", "packets", "bits",
		"flows"],
		rows: w.services.flatMap((s) => s.destinations.map((d) =>
		    [s.id, s.name, d.address, d.state, d.healthy, d.order,
			d.weight, d.since, d.rates.packets, d.rates.bits,
			d.rates.flows]))};
}

export function series(w, id)
{
	const line = (most, phase) => Array.from({length: 360}, (_, i) =>
	    i < 40 ? null : most * (0.6 + 0.25 * Math.sin(i / 23 + phase) +
		0.1 * Math.sin(i * 1.7 + phase)));

	return {version: 1, now: NOW + w.ticks, step: 10, points: 360,
		series: {packets: line(id ? 48e3 : 1.6e6, 0),
			bits: line(id ? 3.1e8 : 9.9e9, 0),
			flows: line(id ? 940 : 42e3, 1),
			rx_packets: line(id ? 48e3 : 1.6e6, 0),
			rx_bits: line(id ? 3.1e8 : 9.9e9, 0),
			tx_packets: line(id ? 48e3 : 1.6e6, 0),
			tx_bits: line(id ? 3.3e8 : 10.2e9, 0),
			connections: line(id ? 45e3 : 400e3, 3),
			drops: line(60, 2), latency: line(3, 4),
			destinations_up: line(0, 0).map((v) => v === null ?
			    null : id ? 2 : 4)}};
}
