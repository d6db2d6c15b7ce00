// The daemon that this page came from, and the secret to read from it.

const NAME = "logd.secret";

/** Where its API is: a daemon serves this page at /view/. Null for a page that lies elsewhere. */
export function daemonUrl(): string | null {
  return location.pathname.startsWith("/view/") ? new URL("/", location.href).href : null;
}

/** The secret, which a link may bring: it leaves the address bar at once, and is kept for this tab only. */
export function takeSecret(): string | null {
  const parts = new URLSearchParams(location.hash.slice(1));
  const brought = parts.get("secret");
  if (brought !== null) {
    parts.delete("secret");
    const rest = parts.size > 0 ? `#${parts.toString()}` : "";
    history.replaceState(null, "", location.pathname + location.search + rest);
    keepSecret(brought);
    return brought;
  }
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return null;
  }
}

export function keepSecret(secret: string | null): void {
  try {
    if (secret === null) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, secret);
  } catch {
    // Not kept, then.
  }
}
