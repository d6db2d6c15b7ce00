// Characters that have no shape, or that would put others in another order than they were sent.

// Of line ends and tabs the layout takes care.
const UNSEEN = /(?![\t\n])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu;

/** The text with these written out, as `cat -v` does: a terminal's red is `^[[31m`. Nothing is hidden, nothing obeyed. */
export function visible(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(UNSEEN, written);
}

// Fonts rarely have the pictures that Unicode has for them.
function written(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20 || code === 0x7f) return `^${String.fromCharCode(code ^ 0x40)}`;
  return `[U+${code.toString(16).toUpperCase().padStart(4, "0")}]`;
}
