/**
 * Whether a text is one of the secrets. All are compared, each to the last character of the text, so that the time tells
 * neither which one was nearly right nor how much of it. An empty list, or an empty secret, is nobody.
 */
export function isOneOf(secrets: readonly string[], presented: string): boolean {
  let isOne = false;
  for (const secret of secrets) isOne = isSame(secret, presented) || isOne;
  return isOne;
}

/** Takes as long whatever the secret is, its length included. */
function isSame(secret: string, presented: string): boolean {
  if (secret === "") return false;
  let difference = secret.length ^ presented.length;
  for (let i = 0; i < presented.length; i++) {
    difference |= secret.charCodeAt(i % secret.length) ^ presented.charCodeAt(i);
  }
  return difference === 0;
}
