// The one place where text becomes markup: only what our own server answered, in a document that runs no script.
const policy = window.trustedTypes
  ? window.trustedTypes.createPolicy("kopuro", { createHTML: (text) => text })
  : { createHTML: (text) => text };

export function parse(text) {
  return new DOMParser().parseFromString(policy.createHTML(text), "text/html");
}

// Ask our own server for a part of a page; null when nothing changed, an Error with its status otherwise.
export async function fetchFragment(address) {
  const response = await fetch(address, { headers: { "x-kopuro-live": "1" }, credentials: "same-origin", redirect: "error" });
  if (response.status === 204) return null;
  if (!response.ok) throw Object.assign(new Error("no fragment"), { status: response.status });
  return parse(await response.text());
}
