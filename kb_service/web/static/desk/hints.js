/* What a reply lacks, said before it is sent and never in the way (pure). */
const STOP = new Set("a an and are as at be but by can could do does for from had has have hello hi how i if in is it its me my no not of on or our please so than thank thanks that the their them then there this to us was we what when where which who why will with would you your".split(" "));

export function wordsOf(text) {
  return (text.toLowerCase().normalize("NFKC").match(/[\p{L}\p{N}][\p{L}\p{N}+#.-]*/gu) ?? [])
    .map((word) => word.replace(/[.-]+$/, "")).filter((word) => word.length > 2 && !STOP.has(word));
}

const stem = (word) => (word.length > 5 ? word.slice(0, Math.max(4, word.length - 3)) : word);
const shares = (one, other) => { const known = new Set(wordsOf(other).map(stem)); return wordsOf(one).filter((word) => known.has(stem(word))).length; };

/* The questions of a message: its sentences that ask; else the message as one. */
export function questionsOf(text) {
  const sentences = text.replace(/\s+/g, " ").match(/[^.!?]+[.!?]+|[^.!?]+$/g) ?? [];
  const asked = sentences.map((sentence) => sentence.trim()).filter((sentence) => sentence.endsWith("?") && wordsOf(sentence).length > 0);
  return asked.length ? asked.slice(0, 6) : (wordsOf(text).length ? [text.trim().slice(0, 200)] : []);
}

/* Which questions the reply and what is attached to it speak of. */
export function coverageOf(question, reply, attached) {
  const said = [reply, ...attached].join("\n");
  return questionsOf(question).map((text) => ({ text, covered: shares(text, said) >= Math.min(2, wordsOf(text).length) }));
}

/* What to say of the reply: "beginning" when the first two lines hold none of the question's words, "steps" for a list. */
export function hintsOf(question, reply) {
  const found = [];
  const lines = reply.split("\n").map((line) => line.trim()).filter(Boolean);
  const body = lines.filter((line, index) => !(index === 0 && /^(hello|hi|dear)\b/i.test(line)));
  if (wordsOf(reply).length >= 8 && wordsOf(question).length && shares(question, body.slice(0, 2).join(" ")) === 0) found.push("beginning");
  const steps = reply.match(/\b(first|then|next|after that|finally|afterwards)\b/gi) ?? [];
  if (steps.length >= 3 && !/^\s*(\d+[.)]|[-*•])\s/m.test(reply)) found.push("steps");
  return found;
}
