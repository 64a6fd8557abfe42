/** A snake_case name of the code's own constants as an SQL identifier. @throws TypeError for anything else */
export function quoted(name: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`${name} is no snake_case name`);
  return `"${name}"`;
}
