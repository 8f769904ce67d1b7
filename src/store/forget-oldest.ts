/** Makes room for one more: what strangers ask for cannot push everything out at once. */
export const forgetOldest = (answers: Map<string, unknown>): void => {
  const oldest = answers.keys().next()
  if (!oldest.done) answers.delete(oldest.value)
}
