// Loaded before Medusa. Leaves the port in the file "port" once the server listens, and tells at /harness/in-flight
// how many requests are not answered yet. Those of clients that hung up count: Medusa works on them all the same.
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
