-- SPDX-License-Identifier: ISC

-- Shows what instances of vc5d tell each other, vc5d-sync(5), in Wireshark and
-- tshark 3.4 or later: on port 8653, and on others by the first bytes.  Tags
-- are shown and not checked.
--
--	tshark -X lua_script:vc5d-sync.lua -O vc5d_sync -i eth2 udp port 8653
--
-- or put it among the personal Lua plugins (Help, About, Folders).

local sync = Proto("vc5d_sync", "vc5d synchronisation")

local HEADER, TAG, LONGEST = 40, 16, 1400
local HELLO, FLOWS, VIEW, REQUEST, BULK, REFUSAL = 1, 2, 3, 4, 5, 6

local types = {
	[HELLO] = "HELLO",
	[FLOWS] = "FLOWS",
	[VIEW] = "VIEW",
	[REQUEST] = "REQUEST",
	[BULK] = "BULK",
	[REFUSAL] = "REFUSAL",
}
local protocols = { [6] = "TCP", [17] = "UDP" }
local states = { [1] = "confirmed", [2] = "closed" }
local reasons = { [1] = "learning", [2] = "busy", [3] = "leaving" }

-- Fields.  Those of one name and two address families end in 6 for IPv6.

local f = {
	magic = ProtoField.string("vc5d_sync.magic", "Magic"),
	version = ProtoField.uint8("vc5d_sync.version", "Version"),
	type = ProtoField.uint8("vc5d_sync.type", "Type", base.DEC, types),
	flags = ProtoField.uint16("vc5d_sync.flags", "Flags", base.HEX),
	learning = ProtoField.bool("vc5d_sync.flags.learning", "Learning", 16,
	    nil, 0x0001),
	leaving = ProtoField.bool("vc5d_sync.flags.leaving", "Leaving", 16,
	    nil, 0x0002),
	last = ProtoField.bool("vc5d_sync.flags.last", "Last", 16, nil,
	    0x0001),
	cluster = ProtoField.uint32("vc5d_sync.cluster", "Cluster", base.HEX),
	key = ProtoField.uint32("vc5d_sync.key", "Key", base.HEX),
	sender = ProtoField.uint64("vc5d_sync.sender", "Sender", base.HEX),
	epoch = ProtoField.uint64("vc5d_sync.epoch", "Epoch (ns since 1970)"),
	sequence = ProtoField.uint64("vc5d_sync.sequence", "Sequence"),
	tag = ProtoField.bytes("vc5d_sync.tag", "Tag"),

	beat = ProtoField.uint32("vc5d_sync.beat", "Beat"),
	table = ProtoField.uint32("vc5d_sync.table", "Flows in its table"),
	config = ProtoField.uint64("vc5d_sync.digest.config",
	    "Digest of the configuration", base.HEX),
	health = ProtoField.uint64("vc5d_sync.digest.health",
	    "Digest of which servers are up", base.HEX),
	tables = ProtoField.uint64("vc5d_sync.digest.tables",
	    "Digest of the hash tables", base.HEX),
	name_length = ProtoField.uint8("vc5d_sync.name_length",
	    "Length of its name"),
	name = ProtoField.string("vc5d_sync.name", "Name"),
	peers = ProtoField.uint8("vc5d_sync.peers", "Peers that it heard"),
	peer = ProtoField.uint64("vc5d_sync.peer.id", "Id", base.HEX),
	peer_epoch = ProtoField.uint64("vc5d_sync.peer.epoch", "Epoch"),
	peer_beat = ProtoField.uint32("vc5d_sync.peer.beat", "Beat"),
	reserved = ProtoField.bytes("vc5d_sync.reserved", "Reserved"),

	vip = ProtoField.ipv4("vc5d_sync.vip", "VIP"),
	vip6 = ProtoField.ipv6("vc5d_sync.vip6", "VIP"),
	port = ProtoField.uint16("vc5d_sync.port", "Port"),
	protocol = ProtoField.uint8("vc5d_sync.protocol", "Protocol", base.DEC,
	    protocols),
	family = ProtoField.uint8("vc5d_sync.family", "Family of the clients"),
	server = ProtoField.ipv4("vc5d_sync.server", "Server"),
	server6 = ProtoField.ipv6("vc5d_sync.server6", "Server"),
	count = ProtoField.uint16("vc5d_sync.count", "Flows"),
	client = ProtoField.ipv4("vc5d_sync.client", "Client"),
	client6 = ProtoField.ipv6("vc5d_sync.client6", "Client"),
	client_port = ProtoField.uint16("vc5d_sync.client_port",
	    "Client's port"),
	state = ProtoField.uint16("vc5d_sync.state", "State", base.DEC, states,
	    0xc000),
	idle = ProtoField.uint16("vc5d_sync.idle", "Idle for (s)", base.DEC,
	    nil, 0x3fff),

	services = ProtoField.uint16("vc5d_sync.services", "Services"),
	service_config = ProtoField.uint32("vc5d_sync.service.config",
	    "Digest of its configuration", base.HEX),
	service_health = ProtoField.uint32("vc5d_sync.service.health",
	    "Digest of which of its servers are up", base.HEX),
	service_tables = ProtoField.uint32("vc5d_sync.service.tables",
	    "Digest of its hash table", base.HEX),

	to = ProtoField.uint64("vc5d_sync.to.id", "Receiver", base.HEX),
	to_epoch = ProtoField.uint64("vc5d_sync.to.epoch", "Receiver's epoch"),
	transfer = ProtoField.uint32("vc5d_sync.transfer", "Transfer",
	    base.HEX),
	window = ProtoField.uint16("vc5d_sync.window", "Window (datagrams)"),
	since = ProtoField.uint32("vc5d_sync.since",
	    "With packets in so many seconds (0: all)"),
	cursor = ProtoField.uint64("vc5d_sync.cursor", "Cursor", base.HEX),
	from = ProtoField.uint64("vc5d_sync.from", "From cursor", base.HEX),
	upto = ProtoField.uint64("vc5d_sync.upto", "Up to cursor", base.HEX),
	reason = ProtoField.uint16("vc5d_sync.reason", "Reason", base.DEC,
	    reasons),
}
sync.fields = f

local malformed = ProtoExpert.new("vc5d_sync.malformed", "Malformed",
    expert.group.MALFORMED, expert.severity.ERROR)
local cut = ProtoExpert.new("vc5d_sync.cut", "The capture ends here",
    expert.group.COMMENTS_GROUP, expert.severity.NOTE)
sync.experts = { malformed, cut }

-- A place in a datagram, which ends where the tag begins.

local Reader = {}
Reader.__index = Reader

-- Give up: what is thrown is caught by dissect().
local function refuse(why)
	error({ malformed = why }, 0)
end

local function require_that(right, why)
	if not right then
		refuse(why)
	end
end

function Reader:left()
	return self.last - self.at
end

-- The next bytes as a range.
function Reader:take(length, what)
	require_that(self:left() >= length, what .. " ends too early")
	local range = self.tvb(self.at, length)
	self.at = self.at + length
	return range
end

-- The next field, in a tree; returns its range.
function Reader:field(tree, field, length, what)
	local range = self:take(length, what or "the payload")
	tree:add(field, range)
	return range
end

local function is_mapped(range)
	return range(0, 8):uint64() == UInt64(0) and
	    range(8, 4):uint() == 0xffff
end

-- 16 bytes that may be an IPv4 address: as text, and if it is one.
function Reader:address(tree, four, six)
	local range = self:take(16, "an address")
	if is_mapped(range) then
		tree:add(four, range(12, 4))
		return tostring(range(12, 4):ipv4()), true
	end
	tree:add(six, range)
	return tostring(range:ipv6()), false
end

function Reader:reserved(tree, length)
	local range = self:field(tree, f.reserved, length)
	require_that(range:uint() == 0, "a reserved field is not zero")
end

-- A record in a tree of its own, whose text is what the function returns.
function Reader:record(tree, text, fn)
	local item = tree:add(sync, self.tvb(self.at, 0), text)
	local first = self.at
	local ok, result = pcall(fn, item)
	item:set_len(self.at - first)
	if not ok then
		error(result, 0)
	end
	item:set_text(result)
	return result
end

local function endpoint(address, is_four, port)
	return string.format(is_four and "%s:%d" or "[%s]:%d", address, port)
end

local function service_name(address, is_four, port, protocol)
	return endpoint(address, is_four, port) .. "/" ..
	    (protocols[protocol] or tostring(protocol)):lower()
end

-- Payloads.  Each returns what is worth a word in the list of packets.

local function show_hello(r, tree)
	local beat = r:field(tree, f.beat, 4):uint()
	r:field(tree, f.table, 4)
	r:field(tree, f.config, 8)
	r:field(tree, f.health, 8)
	r:field(tree, f.tables, 8)
	local length = r:field(tree, f.name_length, 1):uint()
	local count = r:field(tree, f.peers, 1):uint()
	r:reserved(tree, 2)
	require_that(beat ~= 0, "the beat is 0")
	require_that(length >= 1 and length <= 63, "a name of wrong length")
	local name = r:field(tree, f.name, length, "the name"):string()
	for _ = 1, count do
		r:record(tree, "Peer", function(item)
			local id = r:field(item, f.peer, 8, "a peer")
			r:field(item, f.peer_epoch, 8, "a peer")
			r:field(item, f.peer_beat, 4, "a peer")
			return "Peer " .. id:bytes():tohex(true)
		end)
	end
	require_that(count <= 60, "too many peers")
	return string.format("%s, beat %d, %d peers", name, beat, count)
end

local function show_flow(r, tree, is_four)
	local client
	if is_four then
		client = tostring(r:field(tree, f.client, 4, "a flow"):ipv4())
	else
		client = tostring(r:field(tree, f.client6, 16, "a flow"):ipv6())
	end
	local port = r:field(tree, f.client_port, 2, "a flow"):uint()
	local word = r:field(tree, f.state, 2, "a flow")
	tree:add(f.idle, word)
	local state = states[math.floor(word:uint() / 0x4000)]
	require_that(state ~= nil, "a flow of an unknown state")
	return string.format("%s, %s, idle for %d s",
	    endpoint(client, is_four, port), state, word:uint() % 0x4000)
end

local function show_group(r, tree)
	local flows
	r:record(tree, "Group", function(item)
		local vip, is_four = r:address(item, f.vip, f.vip6)
		local port = r:field(item, f.port, 2):uint()
		local protocol = r:field(item, f.protocol, 1):uint()
		local family = r:field(item, f.family, 1):uint()
		local server = r:address(item, f.server, f.server6)
		flows = r:field(item, f.count, 2):uint()
		require_that(family == (is_four and 4 or 6),
		    "clients are not of the VIP's family")
		require_that(port ~= 0, "port 0")
		require_that(protocols[protocol] ~= nil, "a wrong protocol")
		require_that(flows > 0, "a group without flows")
		for _ = 1, flows do
			r:record(item, "Flow", function(flow)
				return show_flow(r, flow, is_four)
			end)
		end
		return string.format("%s at %s: %d flows",
		    service_name(vip, is_four, port, protocol), server, flows)
	end)
	return flows
end

local function show_groups(r, tree)
	local flows = 0
	while r:left() > 0 do
		flows = flows + show_group(r, tree)
	end
	return flows
end

local function show_flows(r, tree)
	require_that(r:left() > 0, "no flows")
	return show_groups(r, tree) .. " flows"
end

local function show_key(r, tree)
	local vip, is_four = r:address(tree, f.vip, f.vip6)
	local protocol = r:field(tree, f.protocol, 1):uint()
	r:reserved(tree, 1)
	local port = r:field(tree, f.port, 2):uint()
	return service_name(vip, is_four, port, protocol)
end

-- A key, or 20 bytes of one value, which stand for no limit.
local function show_limit(r, tree, name, none)
	require_that(r:left() >= 20, "the range ends too early")
	local hex = r.tvb(r.at, 20):bytes():tohex(true)
	if hex == none:rep(20) then
		tree:add(r:take(20, "the range"), name .. ": no limit")
		return
	end
	r:record(tree, name, function(item)
		return name .. ": " .. show_key(r, item)
	end)
end

local function show_view(r, tree)
	show_limit(r, tree, "After", "00")
	show_limit(r, tree, "Up to", "ff")
	local count = r:field(tree, f.services, 2):uint()
	r:reserved(tree, 2)
	for _ = 1, count do
		r:record(tree, "Service", function(item)
			local name = show_key(r, item)
			r:field(item, f.service_config, 4, "a service")
			r:field(item, f.service_health, 4, "a service")
			r:field(item, f.service_tables, 4, "a service")
			return name
		end)
	end
	return count .. " services"
end

local function show_to(r, tree)
	local to = r:field(tree, f.to, 8)
	r:field(tree, f.to_epoch, 8)
	local transfer = r:field(tree, f.transfer, 4)
	return string.format("to %s, transfer %08x",
	    to:bytes():tohex(true), transfer:uint())
end

local function show_request(r, tree)
	local info = show_to(r, tree)
	local window = r:field(tree, f.window, 2):uint()
	r:reserved(tree, 2)
	r:field(tree, f.since, 4)
	r:field(tree, f.cursor, 8)
	require_that(window ~= 0, "the window is 0")
	return info
end

local function show_bulk(r, tree)
	local info = show_to(r, tree)
	r:field(tree, f.from, 8)
	r:field(tree, f.upto, 8)
	return info .. ", " .. show_groups(r, tree) .. " flows"
end

local function show_refusal(r, tree)
	local info = show_to(r, tree)
	local reason = r:field(tree, f.reason, 2):uint()
	r:reserved(tree, 2)
	require_that(reason ~= 0, "no reason")
	return info .. ", " .. (reasons[reason] or tostring(reason))
end

local payloads = {
	[HELLO] = show_hello,
	[FLOWS] = show_flows,
	[VIEW] = show_view,
	[REQUEST] = show_request,
	[BULK] = show_bulk,
	[REFUSAL] = show_refusal,
}
local flags = {
	[HELLO] = { f.learning, f.leaving },
	[BULK] = { f.last },
}
local no_flags = { [HELLO] = 4, [BULK] = 2 }

local function show_flags(tree, range, kind)
	local item = tree:add(f.flags, range)
	for _, field in ipairs(flags[kind] or {}) do
		item:add(field, range)
	end
	require_that(range:uint() < (no_flags[kind] or 1), "an unknown flag")
end

-- Returns the type.
local function show_header(r, tree)
	r:field(tree, f.magic, 4, "the header")
	local version = r:field(tree, f.version, 1, "the header"):uint()
	require_that(version == 1, "an unknown version")
	local kind = r:field(tree, f.type, 1, "the header"):uint()
	require_that(types[kind] ~= nil, "an unknown type")
	show_flags(tree, r:take(2, "the header"), kind)
	r:field(tree, f.cluster, 4, "the header")
	r:field(tree, f.key, 4, "the header")
	r:field(tree, f.sender, 8, "the header")
	r:field(tree, f.epoch, 8, "the header")
	r:field(tree, f.sequence, 8, "the header")
	return kind
end

local function show_all(r, tree, info)
	local kind = show_header(r, tree)
	info(types[kind])
	local payload = tree:add(sync, r.tvb(r.at, r:left()),
	    "Payload: " .. types[kind])
	info(payloads[kind](r, payload))
	require_that(r:left() == 0, "more bytes than there should be")
end

-- A part of it may not have been captured; what is there is shown then.
local function dissect(tvb, pinfo, root)
	local whole = tvb:reported_len() == tvb:len()
	local tree = root:add(sync, tvb())
	local words = {}
	local last = tvb:len()

	pinfo.cols.protocol = "vc5d-sync"
	if whole and last >= HEADER + TAG then
		last = last - TAG
		tree:add(f.tag, tvb(last, TAG))
	end
	local r = setmetatable({ tvb = tvb, at = 0, last = last }, Reader)
	local ok, problem = pcall(show_all, r, tree, function(word)
		table.insert(words, word)
	end)
	if not ok and type(problem) ~= "table" then
		error(problem, 0) -- a fault of this file
	end
	pinfo.cols.info = table.concat(words, ": ")
	if ok and whole and tvb:len() >= HEADER + TAG and
	    tvb:len() <= LONGEST then
		return
	end
	problem = ok and "a length that can't be" or problem.malformed
	if whole then
		pinfo.cols.info:append(" [malformed: " .. problem .. "]")
		tree:add_proto_expert_info(malformed, "Malformed: " .. problem)
	else
		tree:add_proto_expert_info(cut)
	end
end

function sync.dissector(tvb, pinfo, root)
	dissect(tvb, pinfo, root)
	return tvb:len()
end

DissectorTable.get("udp.port"):add(8653, sync)

sync:register_heuristic("udp", function(tvb, pinfo, root)
	if tvb:len() < HEADER or tvb(0, 4):string() ~= "VC5S" then
		return false
	end
	dissect(tvb, pinfo, root)
	return true
end)
