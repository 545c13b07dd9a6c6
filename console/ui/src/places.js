// Places of the console and of the editor: the console counts lines and characters, or bytes; the editor counts UTF-16 units.

// offsetOf returns the offset of a line and column, both from 1, in a document.
export function offsetOf(doc, line, col) {
  if (line < 1) return 0;
  if (line > doc.lines) return doc.length;
  const { from, text } = doc.line(line);
  let at = 0;
  for (let n = 1; n < col && at < text.length; n++) at += text.codePointAt(at) > 0xffff ? 2 : 1;
  return from + at;
}

// bytesBefore returns how many bytes of UTF-8 stand before an offset of a text.
export function bytesBefore(text, offset) {
  return new TextEncoder().encode(text.slice(0, offset)).length;
}

// offsetOfBytes returns the offset in a text behind a number of bytes of UTF-8.
export function offsetOfBytes(text, bytes) {
  return new TextDecoder().decode(new TextEncoder().encode(text).slice(0, bytes)).length;
}
