// Moving a record of a board, a calendar or a tree: one request, a message with "Undo", and the reason when it is refused.
import { csrf, text } from "./dom.js";
import { toast } from "./toast.js";

/** Resolves to the server's answer, or to null after telling why nothing was moved. */
export async function move(href, query, values) {
  const body = new URLSearchParams(values);
  try {
    const response = await fetch(`${href}?${query}`, {
      method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": csrf() },
    });
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    const answer = isJson ? await response.json() : {};
    if (response.ok && isJson) {
      toast(answer.text, "ok", answer.undo);
      return answer;
    }
    toast(answer.error || text("error"), "bad");
  } catch {
    toast(text("offline"), "bad");
  }
  return null;
}
