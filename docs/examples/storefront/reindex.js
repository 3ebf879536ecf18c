// Keeps an index of Meilisearch as the store is. Algolia has the same two calls: deleteObjects and saveObjects.
const { MEDUSA_URL, MEDUSA_PUBLISHABLE_KEY, MEILI_URL, MEILI_KEY } = process.env
const documents = `${MEILI_URL}/indexes/products/documents`

async function send(url, body) {
  const headers = { authorization: `Bearer ${MEILI_KEY}`, "content-type": "application/json" }
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
}

export async function reindex(changes) {
  const ids = changes.map((each) => each.id).filter(Boolean)
  const found = []
  for (let start = 0; start < ids.length; start += 50) {
    const query = new URLSearchParams([["limit", "50"], ...ids.slice(start, start + 50).map((id) => ["id", id])])
    const headers = { "x-publishable-api-key": MEDUSA_PUBLISHABLE_KEY }
    const response = await fetch(`${MEDUSA_URL}/store/products?${query}`, { headers })
    if (!response.ok) throw new Error(`the store: ${response.status}`)
    found.push(...(await response.json()).products)
  }
  const shown = new Set(found.map((each) => each.id))
  const gone = ids.filter((id) => !shown.has(id)) // deleted, or drafts
  if (found.length) await send(documents, found)
  if (gone.length) await send(`${documents}/delete-batch`, gone)
}
