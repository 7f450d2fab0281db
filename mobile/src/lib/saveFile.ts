/** Save a text as a file: browsers only. */
export function saveFile(_name: string, _text: string): void {}
