// The hub of all pages of this browser.
import { Hub } from "./hub.js";

const hub = new Hub();
self.addEventListener("connect", (event) => {
  const port = event.ports[0];
  const hear = hub.viewer((message) => port.postMessage(message));
  port.addEventListener("message", (said) => hear(said.data));
  port.start();
});
