/** Text as HTML, in quoted attributes too. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
