// The terms of an expression, as far as editing and highlighting need them. What matches is the engine's business: this
// only finds where a term begins and ends, and never refuses anything.

export interface Term {
  start: number;
  end: number;
  /** As written, with a minus in front if there is one. */
  text: string;
  negated: boolean;
  /** Empty for a word, phrase or pattern alone. */
  field: string;
  operator: string;
  /** Without quotes or slashes. */
  value: string;
  kind: "word" | "phrase" | "pattern";
  /** How many parentheses it is within. */
  depth: number;
}

const FIELD = /^([A-Za-z_][\w.-]*|attr\."(?:[^"\\]|\\.)*")(!=|!~|==|=~|:>=|:<=|:>|:<|>=|<=|[:=~<>])/;

export function terms(expression: string): Term[] {
  const found: Term[] = [];
  let depth = 0;
  for (let at = 0; at < expression.length;) {
    const character = expression.charAt(at);
    if (/\s/.test(character)) at += 1;
    else if (character === "(" || character === ")") {
      depth = Math.max(0, depth + (character === "(" ? 1 : -1));
      at += 1;
    } else {
      const term = termAt(expression, at, depth);
      // A minus in front of a parenthesis is no term.
      if (term.end > at && term.text !== "-" && term.text !== "!") found.push(term);
      at = Math.max(at + 1, term.end);
    }
  }
  // NOT is a minus.
  return found.flatMap((term, i) => {
    if (OPERATORS.includes(term.text)) return [];
    const before = found[i - 1];
    return [before?.text === "NOT" ? { ...term, negated: !term.negated } : term];
  });
}

/** The expression with a term more, or without it if it is there already. */
export function toggled(expression: string, term: string): string {
  const there = terms(expression).find((t) => t.depth === 0 && t.text === term);
  if (there && !hasOr(expression)) return joined(expression.slice(0, there.start), expression.slice(there.end));
  return withTerm(expression, term);
}

/** The expression and a term that must hold, too. */
export function withTerm(expression: string, term: string): string {
  const before = expression.trim();
  if (before === "" || before === "*") return term;
  return `${hasOr(before) ? `(${before})` : before} ${term}`;
}

/** The expression without these terms, where they stand on their own. */
export function withoutTerms(expression: string, unwanted: (term: Term) => boolean): string {
  if (hasOr(expression)) return expression;
  return terms(expression)
    .filter((t) => t.depth === 0 && unwanted(t))
    .reduceRight((rest, t) => joined(rest.slice(0, t.start), rest.slice(t.end)), expression);
}

export function hasTerm(expression: string, term: string): boolean {
  return !hasOr(expression) && terms(expression).some((t) => t.depth === 0 && t.text === term);
}

/** A value as a term may hold it, in quotes where it needs them. */
export function quote(value: string): string {
  if (/^[\p{L}\p{N}_/.@%+,;#$&][\p{L}\p{N}_/.@%+,;#$&-]*$/u.test(value) && !OPERATORS.includes(value)) return value;
  const escaped = value
    .replaceAll(/["\\]/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
  return `"${escaped}"`;
}

/** The term for events whose field has this value. */
export function equals(field: string, value: string): string {
  if (field === "level") return `level:${value}`;
  if (field === "key") return `key=${quote(value)}`;
  const name = field.slice("attr.".length);
  const safe = /^[A-Za-z0-9._-]+$/.test(name) ? name : `"${name.replaceAll(/["\\]/g, "\\$&")}"`;
  // A value that looks like a pattern is quoted: a slash at its start would begin one.
  return `attr.${safe}=${value.startsWith("/") ? `"${value.replaceAll(/["\\]/g, "\\$&")}"` : quote(value)}`;
}

const OPERATORS = ["AND", "OR", "NOT"];

function hasOr(expression: string): boolean {
  // Within parentheses, an OR binds nothing outside of them.
  let depth = 0;
  for (let at = 0; at < expression.length;) {
    const character = expression.charAt(at);
    if (/\s/.test(character)) at += 1;
    else if (character === "(" || character === ")") {
      depth += character === "(" ? 1 : -1;
      at += 1;
    } else {
      const term = termAt(expression, at, depth);
      if (term.text === "OR" && depth === 0) return true;
      at = Math.max(at + 1, term.end);
    }
  }
  return false;
}

function termAt(expression: string, start: number, depth: number): Term {
  let at = start;
  const negated = /[-!]/.test(expression.charAt(at));
  if (negated) at += 1;
  const [whole = "", field = "", operator = ""] = FIELD.exec(expression.slice(at)) ?? [];
  at += whole.length;
  const [end, value, kind] = valueAt(expression, at);
  const text = expression.slice(start, end);
  return { start, end, text, negated: negated !== operator.startsWith("!"), field, operator, value, kind, depth };
}

function valueAt(expression: string, start: number): [end: number, value: string, kind: Term["kind"]] {
  const mark = expression.charAt(start);
  const quoted = /^"((?:[^"\\]|\\.)*)"?\*?/s.exec(expression.slice(start));
  if (quoted) return [start + quoted[0].length, unescaped(quoted[1] ?? ""), "phrase"];
  // A key begins with a slash, too, but has none at its end that a blank follows.
  const pattern = mark === "/" ? /^\/((?:[^/\\]|\\.)+)\/([a-z]*)(?=[\s)]|$)/s.exec(expression.slice(start)) : null;
  if (pattern) return [start + pattern[0].length, pattern[1] ?? "", "pattern"];
  const word = /^[^\s()]*/.exec(expression.slice(start))?.[0] ?? "";
  return [start + word.length, word, "word"];
}

function unescaped(text: string): string {
  const plain: Record<string, string> = { n: "\n", r: "\r", t: "\t" };
  return text.replaceAll(/\\(u\{([0-9a-fA-F]+)\}|.)/gs, (_, one: string, code?: string) =>
    code === undefined ? (plain[one] ?? one) : String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10ffff)),
  );
}

function joined(before: string, after: string): string {
  return `${before.trimEnd()} ${after.trimStart()}`.trim();
}
