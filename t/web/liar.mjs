// SPDX-License-Identifier: ISC
// A web server at port 80 whose answers are an attack on whoever shows them:
// an error, which has the argument for its reason.  Ends with its input.

import {createServer} from "node:net";

const server = createServer((peer) => {
	peer.on("error", () => {});
	peer.once("data", () => peer.end(`HTTP/1.1 503 ${process.argv[2]}\r\n` +
	    "Content-Length: 0\r\n\r\n"));
});

server.listen(80, "::", () => console.log("ready"));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
