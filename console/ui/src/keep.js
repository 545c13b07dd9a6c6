// What is typed and not saved is kept in this browser, so that it outlives the session, the tab and the console.

const days = 14;

// Keeper keeps the text of one file of one person's draft.
export class Keeper {
  constructor(form) {
    this.key = ["homeroom typed", form.dataset.person, form.elements.draft.value, form.elements.path.value].join("\n");
    this.timer = 0;
    this.waiting = undefined; // a text that is not stored yet
    this.fails = false; // the last text could not be stored
  }

  // read returns what is kept: its text and time; null if nothing is.
  read() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key));
      if (kept && Date.now() - kept.at < days * 86400e3) return kept;
      localStorage.removeItem(this.key);
    } catch {
      // A browser may forbid storage; then nothing is kept.
    }
    return null;
  }

  // keep stores a text a moment later.
  keep(text) {
    this.waiting = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), 200);
  }

  // flush stores at once what waits to be stored.
  flush() {
    if (this.waiting !== undefined) this.keepNow(this.waiting);
  }

  keepNow(text) {
    clearTimeout(this.timer);
    this.waiting = undefined;
    try {
      localStorage.setItem(this.key, JSON.stringify({ text, at: Date.now() }));
      this.fails = false;
    } catch {
      this.fails = true; // storage is forbidden, or full
    }
  }

  forget() {
    clearTimeout(this.timer);
    this.waiting = undefined;
    try {
      localStorage.removeItem(this.key);
    } catch {
      // As above.
    }
  }
}

// ago says how long ago a time was.
export function ago(at) {
  const minutes = Math.round((Date.now() - at) / 60e3);
  if (minutes < 1) return "a moment ago";
  if (minutes < 60) return minutes === 1 ? "a minute ago" : minutes + " minutes ago";
  const hours = Math.round(minutes / 60);
  if (hours < 48) return hours === 1 ? "an hour ago" : hours + " hours ago";
  return Math.round(hours / 24) + " days ago";
}
