// The values that complete an expression, which the engine counts.

import type { Typing } from "../../wasm/logd_wasm";
import { decodeResponse, encodeRequest } from "../engine/query";
import { session } from "../state/session.svelte";
import { type Suggestion, valueSuggestions } from "./complete";

const VALUES = 200;

/** Nothing for a field without a facet, and if a newer question took the place of this one. */
export async function countedValues(typing: Typing): Promise<Suggestion[]> {
  if (typing.facet === undefined || session.sources.length === 0) return [];
  const request = encodeRequest({ facets: [{ field: typing.facet, limit: VALUES }] });
  const bytes = await session.engine.call("ask", { request }).catch(() => null);
  return bytes ? valueSuggestions(typing, decodeResponse(bytes).facets[0]?.values ?? []) : [];
}
