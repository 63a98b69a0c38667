// Says a sentence to screen readers without moving anything.

export function announce(text: string): void {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}
