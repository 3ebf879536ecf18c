// A route of Next.js, such as app/api/medusa-sync/route.js: it renews the pages of products that a sync has written.
import { createHmac, timingSafeEqual } from "node:crypto"
import { revalidateTag } from "next/cache"

export async function POST(request) {
  const body = await request.text()
  const signature = createHmac("sha256", process.env.ON_CHANGE_SECRET).update(body).digest("hex")
  const given = Buffer.from(request.headers.get("x-hub-signature-256") ?? "")
  const wanted = Buffer.from(`sha256=${signature}`)
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    return new Response("the signature is wrong", { status: 401 })
  }
  for (const { handle } of JSON.parse(body).changes) {
    revalidateTag(`product-${handle}`, "max")
  }
  return new Response(null, { status: 204 })
}
