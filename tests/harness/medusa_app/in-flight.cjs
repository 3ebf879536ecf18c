// Loaded before Medusa. Writes the port to the file "port" when the server listens, and serves the number of
// requests in progress at /harness/in-flight. Requests of clients that disconnected count: Medusa finishes them.
// /harness/updated says of how many products subscribers got the event `product.updated`.
const fs = require("node:fs")
const http = require("node:http")

let inFlight = 0
const emit = http.Server.prototype.emit

http.Server.prototype.emit = function (event, request, response) {
  if (event === "listening") {
    fs.writeFileSync("port.unfinished", String(this.address().port))
    fs.renameSync("port.unfinished", "port")
  }
  if (event !== "request") {
    return emit.apply(this, arguments)
  }
  if (request.url === "/harness/updated") {
    response.end(String(global.updatedProducts ?? 0))
    return true
  }
  if (request.url === "/harness/in-flight") {
    response.end(String(inFlight))
    return true
  }
  const end = response.end
  response.end = function () {
    response.end = end
    inFlight -= 1
    return end.apply(this, arguments)
  }
  inFlight += 1
  return emit.apply(this, arguments)
}
