// What time it is at the server, and what counts up by it.

let ahead = 0;
export function setClock(millis) {
  ahead = millis - Date.now();
}
if (Number(document.body.dataset.now)) setClock(Number(document.body.dataset.now));

// A time of this computer as it is said on the page.
export function clockTime(millis) {
  const zone = document.body.dataset.zone || undefined;
  return new Date(millis + ahead).toLocaleTimeString("en-GB", { timeZone: zone });
}

// In the same words as the server's.
function duration(millis) {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
  const two = (n) => String(n).padStart(2, "0");
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${two(minutes % 60)} min`;
  if (minutes > 0) return `${minutes} min ${two(seconds % 60)} s`;
  return `${seconds} s`;
}

export function countUp() {
  // Who knows nothing of now does not go on counting.
  if (document.body.dataset.connection === "lost") return;
  for (const since of document.querySelectorAll("[data-since]")) {
    const text = duration(Date.now() + ahead - Number(since.dataset.since));
    if (since.textContent !== text) since.textContent = text;
  }
}
countUp();
setInterval(countUp, 1000);
