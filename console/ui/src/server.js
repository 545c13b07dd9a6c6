// What the editor asks the console.

// Gone says that there is no answer: the session ended, or the console does not answer.
export class Gone extends Error {
  constructor(signedOut) {
    super(signedOut ? "the session has ended" : "the console does not answer");
    this.signedOut = signedOut;
  }
}

// post sends the file as it is typed, with some fields, and returns the answer.
async function post(form, address, fields, headers, signal) {
  const body = new URLSearchParams({ path: form.elements.path.value, draft: form.elements.draft.value, content: form.elements.content.value, ...fields });
  let answer;
  try {
    answer = await fetch(address, { method: "POST", body, headers, signal });
  } catch (e) {
    if (e.name === "AbortError") throw e;
    throw new Gone(false);
  }
  if (answer.status === 401 || answer.redirected) throw new Gone(true);
  if (answer.status >= 500) throw new Gone(false);
  return answer;
}

// ask returns the console's answer as data; null if it has none.
export async function ask(form, address, fields, signal) {
  const answer = await post(form, address, fields, { Accept: "application/json" }, signal);
  return answer.ok ? answer.json() : null;
}

// reach waits for any answer to the text as it is typed.
export async function reach(form, address) {
  await post(form, address, {}, { Accept: "application/json" });
  return true;
}

// askPart returns the part of the page beside the editor; null if there is none.
export async function askPart(form, address, signal) {
  const answer = await post(form, address, {}, { "Homeroom-Part": "side" }, signal);
  return answer.ok ? answer.text() : null;
}
