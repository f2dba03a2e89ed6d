// Streams of news, one per address for all pages of this browser that look at it: a browser allows
// few connections to a server, and a control room has many pages. It runs in a shared worker, or
// where there is none in each page (then a hidden page lets go of its stream).
//
// A page says again and again that it looks ("look"), and stops when it is hidden ("rest") or gone.

const RETRY_MS = [500, 1000, 2000, 4000];
// The server says something each second.
const SILENT_MS = 5000;
// A page that says nothing for this long is gone.
const VIEWER_MS = 12000;
// Streams at a time; where more addresses are looked at, they take turns.
const STREAMS_MAX = 3;
const TURN_MS = 2000;

class Topic {
  constructor(path, maySee) {
    this.path = path;
    // What its pages were made for.
    this.maySee = maySee;
    this.viewers = new Set();
    this.source = undefined;
    this.openedAt = 0;
    this.heardAt = 0;
    this.attempts = 0;
    this.retryAt = 0;
    this.lastId = "";
    // The newest of each region: for a page that comes later.
    this.regions = {};
    this.newest = undefined;
  }

  tell(message) {
    for (const viewer of this.viewers) viewer.send(message);
  }

  open() {
    const mark = this.path.includes("?") ? "&" : "?";
    const address = this.lastId ? `${this.path}${mark}after=${encodeURIComponent(this.lastId)}` : this.path;
    this.openedAt = Date.now();
    this.source = new EventSource(address);
    this.source.addEventListener("news", (event) => this.hear(event));
    this.source.addEventListener("error", () => this.broke());
  }

  close() {
    this.source?.close();
    this.source = undefined;
  }

  hear(event) {
    const news = JSON.parse(event.data);
    this.lastId = event.lastEventId;
    this.heardAt = Date.now();
    this.attempts = 0;
    Object.assign(this.regions, news.regions);
    this.newest = { now: news.now, may_see: news.may_see };
    this.tell({ kind: "news", ...news });
    // The sign-in has ended, or begun: the pages load anew. Whoever comes as they were before has
    // another sign-in, and another stream.
    if (this.isAnothers()) this.beginAnew(Date.now() + TURN_MS);
  }

  isAnothers() {
    return this.newest !== undefined && String(this.newest.may_see) !== this.maySee;
  }

  beginAnew(at) {
    this.close();
    this.regions = {};
    this.lastId = "";
    this.retryAt = at;
  }

  broke() {
    const since = this.heardAt || this.openedAt;
    this.close();
    // The server ends a stream when a sign-in ends, and is there at once: that is not worth a word.
    if (this.attempts > 0 || Date.now() - since > SILENT_MS) this.tell({ kind: "lost", since });
    this.retryAt = Date.now() + RETRY_MS[Math.min(this.attempts, RETRY_MS.length - 1)];
    this.attempts += 1;
  }

  // All that is known, where it is fresh.
  catchUp(viewer) {
    if (this.newest && this.source && !this.isAnothers() && Date.now() - this.heardAt < SILENT_MS) {
      viewer.send({ kind: "news", ...this.newest, regions: this.regions });
    }
  }

  isSilent(now) {
    return this.source && now - Math.max(this.heardAt, this.openedAt) > SILENT_MS;
  }
}

export class Hub {
  constructor() {
    this.topics = new Map();
    setInterval(() => this.tick(), 250);
  }

  // A page that may look; what it says goes to what is returned.
  viewer(send) {
    const viewer = { send, heardAt: 0, key: undefined };
    return (message) => {
      if (message.kind === "look") this.look(viewer, message);
      else this.leave(viewer);
    };
  }

  look(viewer, { path, maySee }) {
    viewer.heardAt = Date.now();
    // Who has signed in is sent something else.
    const key = `${maySee} ${path}`;
    if (viewer.key === key) return;
    this.leave(viewer);
    viewer.key = key;
    if (!this.topics.has(key)) this.topics.set(key, new Topic(path, maySee));
    const topic = this.topics.get(key);
    if (topic.isAnothers()) topic.beginAnew(0);
    topic.viewers.add(viewer);
    topic.catchUp(viewer);
    this.tick();
  }

  leave(viewer) {
    const topic = this.topics.get(viewer.key);
    viewer.key = undefined;
    topic?.viewers.delete(viewer);
    this.tick();
  }

  tick() {
    const now = Date.now();
    for (const [key, topic] of this.topics) {
      for (const viewer of topic.viewers) {
        if (now - viewer.heardAt > VIEWER_MS) {
          viewer.key = undefined;
          topic.viewers.delete(viewer);
        }
      }
      if (topic.viewers.size === 0) {
        topic.close();
        this.topics.delete(key);
      } else if (topic.isSilent(now)) {
        // A connection that is dead but not closed says nothing at all.
        topic.attempts = Math.max(topic.attempts, 1);
        topic.broke();
      }
    }
    const all = [...this.topics.values()];
    const open = all.filter((topic) => topic.source).sort((a, b) => a.openedAt - b.openedAt);
    const waiting = all.filter((topic) => !topic.source && topic.retryAt <= now).sort((a, b) => a.openedAt - b.openedAt);
    for (const topic of waiting) {
      if (open.length >= STREAMS_MAX) {
        const done = open.findIndex((one) => one.heardAt >= one.openedAt && now - one.openedAt > TURN_MS);
        if (done < 0) return;
        open.splice(done, 1)[0].close();
      }
      topic.open();
      open.push(topic);
    }
  }
}
